import { createRoot } from "react-dom/client";
import { App } from "../designer/app/App.tsx";
import { readConfig } from "../designer/store/config.ts";
import { Designer } from "../designer/store/designer.ts";
import "../styles/designer.css";

const element = document.getElementById("designer");
if (element) {
  const designer = new Designer(readConfig(element));
  createRoot(element).render(<App designer={designer} />);
  designer.start();
}
