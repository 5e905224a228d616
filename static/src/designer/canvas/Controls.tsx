import { Panel, useStore } from "@xyflow/react";
import { useActions } from "../commands/context.ts";
import { Icon } from "../app/Icon.tsx";
import { useStored } from "../app/stored.ts";

export function Controls() {
  const actions = useActions();
  const zoom = useStore((state) => Math.round(state.transform[2] * 100));
  const [map, setMap] = useStored("minimap", true);
  return (
    <Panel position="bottom-left" className="d-controls" role="toolbar" aria-label="Zoom">
      <button type="button" className="btn btn-icon" aria-label="Zoom out" onClick={() => actions.canvas?.zoom(1 / 1.2)}>
        <Icon icon="minus" />
      </button>
      <button type="button" className="d-zoom" aria-label={`Zoom ${zoom} %. Set to 100 %`} onClick={() => actions.canvas?.zoomTo(1)}>
        {zoom}%
      </button>
      <button type="button" className="btn btn-icon" aria-label="Zoom in" onClick={() => actions.canvas?.zoom(1.2)}>
        <Icon icon="plus" />
      </button>
      <button type="button" className="btn btn-icon" aria-label="Fit the graph" title="Fit the graph (1)" onClick={() => actions.canvas?.fit()}>
        <Icon icon="maximize" />
      </button>
      <button type="button" className="btn btn-icon" aria-label="Minimap" aria-pressed={map} title="Minimap" onClick={() => setMap(!map)}>
        <Icon icon="map-2" />
      </button>
    </Panel>
  );
}
