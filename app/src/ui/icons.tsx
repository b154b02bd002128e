import type { ComponentChildren } from "preact";

/** Line icons on a 24 × 24 grid, drawn for this app. They decorate; the words beside them speak. */
function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const LunchIcon = () => (
  <Icon>
    <path d="M5 3.5v5a2.75 2.75 0 0 0 5.5 0v-5M7.75 3.5v17M18.5 20.5v-17c-2.6 1-4 3.6-4 7.2v2.8h4" />
  </Icon>
);

export const SportsIcon = () => (
  <Icon>
    <path d="M6.5 6.5v11M17.5 6.5v11M3.25 9.25v5.5M20.75 9.25v5.5M6.5 12h11" />
  </Icon>
);

export const CultureIcon = () => (
  <Icon>
    <path d="M3.5 7.5h17v3.1a1.5 1.5 0 0 0 0 2.8v3.1h-17v-3.1a1.5 1.5 0 0 0 0-2.8zM14.5 7.5v1.8M14.5 11.1v1.8M14.5 14.7v1.8" />
  </Icon>
);

export const WellbeingIcon = () => (
  <Icon>
    <path d="M12 20c-5.2-3.3-8-6.4-8-10.1A4.3 4.3 0 0 1 12 7.4a4.3 4.3 0 0 1 8 2.5c0 3.7-2.8 6.8-8 10.1z" />
    <path d="M8 12.5h2.2l1.3-2.2 1.6 3.6 1-1.4H16" />
  </Icon>
);

export const CommutingIcon = () => (
  <Icon>
    <rect x="5" y="3.75" width="14" height="13.5" rx="3" />
    <path d="M5 11.25h14M12 3.75v7.5M7.5 17.25l-1.25 3M16.5 17.25l1.25 3M8.4 14.25h.01M15.6 14.25h.01" />
  </Icon>
);

export const BicycleIcon = () => (
  <Icon>
    <circle cx="6" cy="15.5" r="3.75" />
    <circle cx="18" cy="15.5" r="3.75" />
    <path d="M6 15.5l3.2-6.75h6L18 15.5M9.2 8.75l3 6.75H6M12.2 15.5l3-6.75L14.5 6H17M7.75 6.5h2.5" />
  </Icon>
);

export const GiftIcon = () => (
  <Icon>
    <path d="M4.5 11.5v8.25h15V11.5M3.5 7.75h17v3.75h-17zM12 7.75v12M12 7.75c-1.3-4.6-6-4.6-5.5-1.6.2 1.2 2 1.6 5.5 1.6zM12 7.75c1.3-4.6 6-4.6 5.5-1.6-.2 1.2-2 1.6-5.5 1.6z" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 7.5h8.5M17.5 7.5H20M4 16.5h2.5M11.5 16.5H20" />
    <circle cx="15" cy="7.5" r="2.5" />
    <circle cx="9" cy="16.5" r="2.5" />
  </Icon>
);

export const BackIcon = () => (
  <Icon>
    <path d="M19.5 12h-15M10.5 5.5L4 12l6.5 6.5" />
  </Icon>
);

export const NextIcon = () => (
  <Icon>
    <path d="M9.5 5.5L16 12l-6.5 6.5" />
  </Icon>
);

export const LinkIcon = () => (
  <Icon>
    <path d="M10.2 13.8a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.1 1.1M13.8 10.2a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.1-1.1" />
  </Icon>
);

export const QrIcon = () => (
  <Icon>
    <path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM20 14v2.5M17.5 20H20v-1.5M14 20h.01" />
  </Icon>
);

export const OfflineIcon = () => (
  <Icon>
    <path d="M3.5 3.5l17 17M7.2 9.3A4.6 4.6 0 0 0 7.5 18.5h9.2M19.4 17a3.9 3.9 0 0 0-2.2-6.7A5.7 5.7 0 0 0 10 6.5" />
  </Icon>
);

export const WarningIcon = () => (
  <Icon>
    <path d="M12 4L2.75 19.75h18.5zM12 10v4.25M12 17.1h.01" />
  </Icon>
);

export const NewsIcon = () => (
  <Icon>
    <path d="M4 10v4h3l7.5 4.25V5.75L7 10zM7 14l1.25 5h2.5l-1.2-3.6M17.75 9.25a3.9 3.9 0 0 1 0 5.5" />
  </Icon>
);

export const ClockIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.25" />
    <path d="M12 7.25V12l3.25 2" />
  </Icon>
);

export const ShieldIcon = () => (
  <Icon>
    <path d="M12 3.5l7.5 2.75v5.25c0 4.2-3 7.4-7.5 9-4.5-1.6-7.5-4.8-7.5-9V6.25zM12 8.5v4M12 15.4h.01" />
  </Icon>
);

export const DoorIcon = () => (
  <Icon>
    <path d="M13.5 4h-8v16h8M10.5 12h10M17 8.5l3.5 3.5-3.5 3.5" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="M5 12.75l4.5 4.5L19 7.5" />
  </Icon>
);

export const TorchIcon = () => (
  <Icon>
    <path d="M7.5 3.5h9v3l-2 3.5v10.5h-5V10l-2-3.5zM7.5 6.5h9M12 12.5v2" />
  </Icon>
);
