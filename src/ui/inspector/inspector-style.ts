/** System colours follow the page's `color-scheme`, light or dark, and the user's forced colours. Nothing moves. */
export const inspectorStyle = `:host(:not([hidden])){display:block;font:.8125rem/1.5 system-ui,sans-serif}
:host(.floats){position:fixed;inset-block-end:1rem;inset-inline-end:1rem;z-index:99999;width:min(34rem,100% - 2rem)}
:host(.floats) section{max-height:70vh}
section,ol{overflow:auto}
section{box-sizing:border-box;padding:.5rem .75rem;background:var(--sojourn-background,Canvas);color:var(--sojourn-color,CanvasText);border:1px solid #8888;border-radius:var(--sojourn-radius,.5rem)}
summary,button{min-height:1.75rem;font:inherit;cursor:pointer}
summary{font-weight:700}
button{padding:0 .6rem;background:none;color:inherit;border:1px solid #888;border-radius:.4rem}
[aria-pressed=true]{background:CanvasText;color:Canvas}
div,p,pre,ol{margin:.4rem 0;padding:0}
div{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem}
p,pre{white-space:pre-wrap;overflow-wrap:anywhere}
p:empty,#scale:empty{display:none}
#problems{border-inline-start:4px solid #d98a00;padding-inline-start:.5rem}
#scale{gap:0;border:1px solid #888}
i{height:.6rem;background:#888}
i+i{background:#3a9d5c}
i+i+i{background:#d98a00}
ol{max-height:14rem;border-top:1px solid #8888}
li{padding-inline-start:19ch;text-indent:-19ch;font-family:monospace;white-space:pre-wrap;opacity:.75}
.changed{opacity:1}
:focus-visible{outline:3px solid #2a6fe8;outline-offset:-2px}`
