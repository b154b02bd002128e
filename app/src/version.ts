/**
 * Compares two versions of the form `major.minor.patch` as numbers, part by part:
 * 1.9.0 comes before 1.16.0. Missing or unreadable parts count as 0.
 * Answers a negative number, 0 or a positive number, as a sort wants it.
 */
export function compareVersions(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function parts(version: string): number[] {
  return version.split(".").map((part) => {
    const number = Number.parseInt(part, 10);
    return Number.isFinite(number) ? number : 0;
  });
}
