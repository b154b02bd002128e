import type { Texts } from "./fi.ts";

export const en: Texts = {
  language: { name: "English", choose: "Language" },
  start: {
    tagline: "Your employee benefits in one place",
    login: "Log in",
    opening: "Opening the login…",
    means: "With bank authentication or Mobile Certificate",
    alternative: "Alternative login methods",
    notices: "Notices",
    update: "There is a new version of the app. Update it to be sure that you can log in.",
    updateNow: "Update now",
  },
  alternative: {
    title: "Alternative login methods",
    unavailable: "These methods are not available on this service yet.",
    instead: "For now, please log in the usual way.",
    link: "Login link",
    linkText:
      "You log in with bank authentication or Mobile Certificate in your phone's browser and confirm the login. " +
      "This is worth trying even if logging in didn't work before.",
    qr: "QR code",
    qrText:
      "Convenient if you already have the page “SmartumPlus benefits are now activated and ready for use!” " +
      "open on your computer. You scan the page's QR code with this app.",
  },
  pending: {
    title: "You haven't finished logging in",
    text: "You can go on from where you were. Nothing is lost.",
    resume: "Continue logging in",
    startOver: "Start over",
    trouble: "Can't log in?",
  },
  finishing: {
    title: "Logging you in…",
    text: "This takes a moment.",
    waiting: "The connection was lost. Trying again…",
    waitingText: "Keep the app open. You don't need to do anything.",
  },
  home: {
    hello: (name: string) => (name === "" ? "Hello!" : `Hello, ${name}!`),
    account: "My account",
    loggedIn: "Logged in",
    benefits: "Your benefits",
    noBenefits: "You have no benefits right now. Ask your employer for more information.",
    loading: "Getting your benefits…",
    updated: (time: string) => `Updated ${time}`,
    offline: "No network connection.",
    offlineText: (time: string) => `You see your details as they were ${time}.`,
    offlineNothing: "Your benefits appear when the connection is back.",
    trouble: "Your details could not be updated.",
    settings: "Settings",
  },
  benefits: {
    lunch: "Lunch",
    sports: "Sports",
    culture: "Culture",
    wellbeing: "Wellbeing",
    commuting: "Commuting",
    bicycle: "Bicycle",
    other: "Employee benefit",
  },
  settings: {
    title: "Settings",
    about: "About",
    version: "Version",
    support: "Customer support",
    email: "E-mail",
    phone: "Phone",
    help: "Help",
    service: "Login service",
    session: "This device",
    logout: "Log out",
    logoutAsk: "Log out?",
    logoutText: "To log in again, you need bank authentication or Mobile Certificate.",
    logoutYes: "Log out",
    logoutNo: "Stay logged in",
  },
  loggedOut: {
    title: "You are logged out",
    self: "Your details have been removed from this device. See you again!",
    queued:
      "Your details have been removed from this device. The service doesn't know yet, because there is no connection. " +
      "The app will tell it as soon as the connection is back.",
    ended: "Your login has ended. Log in again to continue.",
    locked: "Your account is closed. Please contact customer support.",
    storage: "The browser has removed the app's data from this device. Log in again to continue.",
  },
  foreign: {
    title: "This login was not started here",
    text:
      "Somebody else may have sent you a link, or the login is too old. " +
      "To keep you safe, we didn't log you in with it.",
    stillIn: "Your own login is unchanged.",
    toHome: "Back to the app",
  },
  failed: {
    retry: "Try again",
    startOver: "Back to start",
    supportCode: "Support code",
    supportText: "Tell this code to customer support if you need help.",
  },
  failures: {
    cancelled: {
      title: "The login was cancelled",
      text: "You were not logged in. If you cancelled by mistake, try again.",
    },
    noBenefits: {
      title: "No benefits found",
      text:
        "You proved who you are, but no benefits were found for you. Check with your employer that you have been added, " +
        "then try again.",
    },
    locked: {
      title: "Your account is closed",
      text: "You can't log in right now. Please contact customer support.",
    },
    expired: {
      title: "The login took too long",
      text: "You have ten minutes to log in. Start again and you'll get in.",
    },
    otherBrowser: {
      title: "You came back in another browser",
      text: "A login must be finished in the browser where it began. Try again.",
    },
    cookies: {
      title: "Your browser blocks cookies",
      text: "Allow cookies in the browser's settings, then try again.",
    },
    tooMany: {
      title: "Too many tries",
      text: "Wait a few minutes, then try again.",
    },
    bankDown: {
      title: "The bank can't be reached",
      text: "The service you chose has a disturbance. Try again with another method if you can, or wait a while.",
    },
    bankTimeout: {
      title: "No confirmation in time",
      text: "The login was not confirmed in time. Try again and keep your phone at hand.",
    },
    identification: {
      title: "We couldn't identify you",
      text: "The bank's answer could not be accepted. Try again or choose another method.",
    },
    clock: {
      title: "Your device's clock is wrong",
      text: "Set time and date to automatic on your device, then try again.",
    },
    update: {
      title: "Update the app",
      text: "This version of the app is too old for logging in. Update the app in the app store, then try again.",
    },
    linkExpired: {
      title: "The link is too old",
      text: "The link must be opened within two minutes. Start again to get a new link.",
    },
    linkReused: {
      title: "The link was opened in two browsers",
      text: "We stopped the login to keep you safe. Start again and open the new link in one browser only.",
    },
    confirmLate: {
      title: "The confirmation came too late",
      text: "You proved who you are, but the login was not confirmed in time. Start again and finish by pressing “Confirm login” in the browser.",
    },
    digitsBurned: {
      title: "The digits were wrong too many times",
      text: "We stopped the login to keep you safe. Start again to get new digits.",
    },
    digitsExpired: {
      title: "The digits are too old",
      text: "The digits are good for three minutes. Start again to get new ones.",
    },
    burned: {
      title: "The login was stopped",
      text: "We stopped the login to keep you safe. Start again only if it is you who is logging in.",
    },
    qrExpired: {
      title: "The code is too old",
      text: "The code is good for a moment only. Ask for a new code on the computer's page and scan that one.",
    },
    qrUsed: {
      title: "The code has been used already",
      text: "The same code has already been scanned. If it wasn't you, don't approve anything on the computer. Ask for a new code on the page.",
    },
    qrUnknown: {
      title: "The code was not recognised",
      text: "Check that the code is from the SmartumPlus page, then try again.",
    },
    qrNumber: {
      title: "The number was wrong",
      text: "Another number than the phone's was typed on the computer. We stopped the login to keep you safe. Ask for a new code on the page.",
    },
    app: {
      title: "The login could not be started",
      text: "Close the app, open it again, then try to log in.",
    },
    server: {
      title: "Our service has a disturbance",
      text: "It's our fault, not yours. Wait a moment, then try again.",
    },
    network: {
      title: "Can't reach the service",
      text: "Check that your device is online, then try again.",
    },
    storage: {
      title: "Your browser doesn't keep data",
      text: "The app doesn't work in a private window or when storage is full. Open it in an ordinary window.",
    },
  },
  app: {
    loading: "Opening…",
    back: "Back",
    offline: "No network connection",
    offlineText: "You can log in when the connection is back.",
    brokenTitle: "The app could not be opened",
    brokenText: "Check your network connection, then try again.",
    caption: "The phone app in a browser. Open this page on a phone to install it on the home screen.",
  },
};
