/** The log of one run in the page's log widget. */
import { useEffect, useRef } from "react";
import { logview } from "../../widgets/logview.ts";
import { useDesigner } from "../store/index.ts";

export function LogOf({ run, title, className = "", failed = false }: { run: string; title: string; className?: string; failed?: boolean }) {
  const { api, config } = useDesigner();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = document.createElement("div");
    const url = `${api.base}runs/${encodeURIComponent(run)}/log`;
    Object.assign(element.dataset, { url, ws: `/ws/w/${encodeURIComponent(config.workspace)}/runs/${encodeURIComponent(run)}/`, name: `${title}: std_log.txt`, download: `${url}?download=1` });
    element.className = className;
    host.current?.replaceChildren(element);
    const stop = logview(element);
    return () => {
      stop();
      element.remove();
    };
  }, [api, config.workspace, run, title, className]);
  return <div ref={host} className="p-hosted" data-failed={failed || undefined} />;
}
