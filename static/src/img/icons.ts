/** Icons that are always in the sprite; others are found where they are named. */
export const always = [
  "activity", "adjustments-horizontal", "alert-triangle", "alert-triangle-filled", "arrow-down-right", "arrow-left",
  "arrow-right", "arrow-up-right", "arrows-diff", "arrows-maximize", "arrows-minimize", "arrows-sort", "ban", "bell",
  "binary-tree-2", "bolt", "book", "box", "braces", "brand-git", "brand-python", "bulb", "chart-bar", "chart-dots",
  "chart-histogram", "chart-line", "check", "chevron-down", "chevron-left", "chevron-right", "chevron-up",
  "chevrons-left", "chevrons-right", "circle-check-filled", "circle-dashed", "circle-minus", "circle-x-filled",
  "clipboard", "clock", "clock-pause", "code", "columns-3", "components", "copy", "cpu", "database", "device-desktop",
  "device-floppy", "dots", "dots-vertical", "download", "edit", "external-link", "eye", "file", "file-code",
  "file-text", "files", "filter", "flask", "folder", "folder-open", "git-branch", "git-commit", "hash", "heart-rate-monitor",
  "help-circle", "history", "home", "info-circle", "key", "layout-dashboard", "link", "list", "list-details", "loader-2",
  "lock", "logout", "mail", "menu-2", "messages", "minus", "moon", "notebook", "package", "photo", "pin", "player-play",
  "player-stop-filled", "player-track-next-filled", "plug", "plus", "pointer", "puzzle", "recycle", "refresh", "robot",
  "rocket", "route", "schema", "search", "selector", "send", "server", "server-2", "settings", "shield", "shield-check",
  "sitemap", "sparkles", "sort-ascending", "sort-descending", "stack-2", "star", "sun", "table", "table-options", "tag",
  "tags", "terminal-2", "text-wrap", "timeline", "trash", "upload", "user", "user-plus", "users", "versions",
  "wand", "world", "x", "zoom-in", "zoom-out",
] as const;
