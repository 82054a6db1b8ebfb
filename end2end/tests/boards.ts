// The boards that ship.

/** The ids of all of them. */
export const BOARDS = [
  "client-dashboard-template",
  "contracts-finance",
  "data-health",
  "projects-overview",
  "resource-scorecard",
  "sales",
  "sales-leaderboard",
  "sales-reps",
  "service-desk-leaderboard",
  "service-ticket-kpis",
  "tech-dashboard",
];

/** The address of a board. */
export const address = (board: string) => `/dashboards/${board}`;
