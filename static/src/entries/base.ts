import "../styles/base.css";
import "htmx.org";
