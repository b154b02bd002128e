import type { ComponentChildren } from "preact";

/**
 * The stage: on a phone the app fills the screen; on a desktop it is shown in a drawn
 * phone with a caption. Which of the two is the style sheet's business.
 */
export function Frame({ caption, children }: { caption: string; children: ComponentChildren }) {
  return (
    <div class="stage">
      <div class="phone">
        <div class="glass">{children}</div>
      </div>
      <aside class="caption">{caption}</aside>
    </div>
  );
}
