/**
 * System colours follow the page's `color-scheme`, light or dark, and the user's forced colours. Nothing moves. Both buttons are
 * visible at 320 by 256 px, which is a screen at 400 % (WCAG 2.2, 1.4.10).
 *
 * The dialog sets each inherited property that could hide it or its texts. No declaration of the page for the host can hide it: an
 * important declaration of the shadow tree wins over all of the page's (CSS Cascading 5, §6.1).
 */
export const dialogStyle = `dialog,button{border:1px solid #8888;border-radius:var(--sojourn-radius,.75rem)}
dialog{box-sizing:border-box;width:min(28rem,100% - 2rem);padding:1.5rem;font-size:max(1em,.75rem);visibility:visible;pointer-events:auto;text-indent:0;white-space:normal;-webkit-text-fill-color:currentcolor;background:var(--sojourn-background,Canvas);color:var(--sojourn-color,CanvasText);box-shadow:0 1rem 3rem #0006;line-height:1.5;text-align:start}
h2,p{margin:0 0 .5rem}
h2{font-size:1.25em}
div{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
button{flex:auto;min-height:2.75rem;padding:.5rem 1rem;background:none;color:inherit;font:inherit;cursor:pointer}
#stay{background:var(--sojourn-accent,#2a6fe8);color:var(--sojourn-on-accent,#fff)}
#status{position:absolute;width:1px;height:1px;overflow:hidden;opacity:0}
#problem{font-weight:700}
:host{display:contents!important}
::backdrop{background:#0009}
button:hover{text-decoration:underline}
button:focus{outline:3px solid var(--sojourn-accent,#2a6fe8);outline-offset:2px}
[aria-disabled]{opacity:.6}
@media(max-height:20rem){dialog{max-height:100%;padding:.75rem}button{padding:.5rem}}`
