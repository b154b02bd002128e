import type { Brand } from "../config.ts";

/**
 * The mark of the app: two half rings that hold on to each other, and a warm point
 * that closes the upper one. The same drawing as public/icons/mark.svg.
 */
export function Mark({ brand }: { brand: Brand }) {
  if (brand.logo !== undefined) return <img class="mark" src={brand.logo} alt="" />;
  return (
    <svg class="mark" viewBox="0 0 96 96" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="96" height="96" rx="26" />
      <path class="mark-ring" d="M60 19a17 17 0 1 0-12 29" />
      <path class="mark-ring" d="M31 64a17 17 0 1 0 17-16" />
      <circle class="mark-point" cx="65" cy="33" r="6" />
    </svg>
  );
}
