/** What the app says about the device it runs on. People and support read it; nobody trusts it. */
export interface Device {
  name: string;
  model: string;
  platform: "android" | "ios" | "huawei" | "web";
}

/** The parts of `navigator` that tell something. User-agent client hints are Chromium's only. */
export interface Hints {
  userAgent: string;
  maxTouchPoints: number;
  userAgentData?: {
    getHighEntropyValues(hints: string[]): Promise<{ model?: string }>;
  };
}

export async function describeDevice(hints: Hints): Promise<Device> {
  const platform = platformOf(hints);
  const model = await modelOf(hints); // the service cuts what is too long, and no emoji in two
  const browser = browserOf(hints.userAgent);
  return { name: `${browser}, ${model || systemOf(hints)}`, model, platform };
}

export function platformOf({ userAgent, maxTouchPoints }: Hints): Device["platform"] {
  // Huawei phones without Google services call themselves Android too: look for them first.
  if (/HarmonyOS|HMSCore|HUAWEI/i.test(userAgent)) return "huawei";
  if (userAgent.includes("Android")) return "android";
  if (/iPhone|iPad|iPod/.test(userAgent)) return "ios";
  // An iPad asks for desktop pages and says it is a Mac; no Mac has a touch screen.
  if (userAgent.includes("Macintosh") && maxTouchPoints > 1) return "ios";
  return "web";
}

async function modelOf(hints: Hints): Promise<string> {
  try {
    const values = await hints.userAgentData?.getHighEntropyValues(["model"]);
    if (values?.model) return values.model;
  } catch {
    // The browser would rather not say.
  }
  // Chrome calls every model "K" here; two characters is the least that says anything.
  return /Android [\d.]+; ([^;)]{2,40}?)(?: Build\/[^)]*)?[;)]/.exec(hints.userAgent)?.[1] ?? "";
}

function systemOf(hints: Hints): string {
  const { userAgent } = hints;
  if (platformOf(hints) === "ios") return /iPhone|iPod/.test(userAgent) ? "iPhone" : "iPad";
  if (userAgent.includes("Android")) return "Android";
  if (userAgent.includes("Windows")) return "Windows";
  if (userAgent.includes("Macintosh")) return "Mac";
  if (userAgent.includes("CrOS")) return "ChromeOS";
  return userAgent.includes("Linux") ? "Linux" : "?";
}

function browserOf(userAgent: string): string {
  // Most browsers also carry the names of those they descend from: the most particular name comes first.
  const names: [RegExp, string][] = [
    [/HuaweiBrowser\//, "Huawei Browser"],
    [/SamsungBrowser\//, "Samsung Internet"],
    [/OPR\/|Opera\//, "Opera"],
    [/DuckDuckGo\//, "DuckDuckGo"],
    [/Edg(?:A|iOS)?\//, "Edge"],
    [/Firefox\/|FxiOS\//, "Firefox"],
    [/Chrome\/|CriOS\//, "Chrome"],
    [/Safari\//, "Safari"],
  ];
  return names.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "Browser";
}
