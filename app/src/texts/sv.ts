import type { Texts } from "./fi.ts";

export const sv: Texts = {
  language: { name: "Svenska", choose: "Språk" },
  start: {
    tagline: "Dina personalförmåner på ett ställe",
    login: "Logga in",
    opening: "Öppnar inloggningen…",
    means: "Med bankkoder eller Mobilcertifikat",
    alternative: "Alternativa inloggningssätt",
    notices: "Meddelanden",
    update: "Det finns en ny version av appen. Uppdatera den så fungerar inloggningen säkert.",
    updateNow: "Uppdatera nu",
  },
  alternative: {
    title: "Alternativa inloggningssätt",
    unavailable: "De här sätten är ännu inte i bruk i den här tjänsten.",
    instead: "Logga tills vidare in på vanligt sätt.",
    link: "Inloggningslänk",
    linkText:
      "Du loggar in i telefonens webbläsare med bankkoder eller Mobilcertifikat och bekräftar inloggningen. " +
      "Det är värt att prova även om inloggningen inte har lyckats tidigare.",
    qr: "QR-kod",
    qrText:
      "Praktiskt om du redan har sidan ”SmartumPlus-personalförmånerna är aktiverade och redo att användas!” " +
      "öppen på datorn. Du skannar sidans QR-kod med den här appen.",
  },
  pending: {
    title: "Inloggningen är inte klar",
    text: "Du kan fortsätta där du slutade. Inget har gått förlorat.",
    resume: "Fortsätt inloggningen",
    startOver: "Börja om",
    trouble: "Går det inte att logga in?",
  },
  finishing: {
    title: "Loggar in…",
    text: "Det tar en liten stund.",
    waiting: "Anslutningen bröts. Försöker igen…",
    waitingText: "Håll appen öppen. Du behöver inte göra något.",
  },
  home: {
    hello: (name: string) => (name === "" ? "Hej!" : `Hej, ${name}!`),
    account: "Mitt konto",
    loggedIn: "Inloggad",
    benefits: "Dina förmåner",
    noBenefits: "Du har inga förmåner just nu. Fråga din arbetsgivare.",
    loading: "Hämtar dina förmåner…",
    updated: (time: string) => `Uppdaterat ${time}`,
    offline: "Ingen nätanslutning.",
    offlineText: (time: string) => `Du ser uppgifterna som de var ${time}.`,
    offlineNothing: "Förmånerna visas när anslutningen är tillbaka.",
    trouble: "Uppgifterna kunde inte uppdateras.",
    settings: "Inställningar",
  },
  benefits: {
    lunch: "Lunch",
    sports: "Motion",
    culture: "Kultur",
    wellbeing: "Välmående",
    commuting: "Arbetsresor",
    bicycle: "Cykel",
    other: "Personalförmån",
  },
  settings: {
    title: "Inställningar",
    about: "Om appen",
    version: "Version",
    support: "Kundtjänst",
    email: "E-post",
    phone: "Telefon",
    help: "Hjälp",
    service: "Inloggningstjänst",
    session: "Den här enheten",
    logout: "Logga ut",
    logoutAsk: "Vill du logga ut?",
    logoutText: "När du loggar in igen behöver du bankkoder eller Mobilcertifikat.",
    logoutYes: "Logga ut",
    logoutNo: "Förbli inloggad",
  },
  loggedOut: {
    title: "Du är utloggad",
    self: "Dina uppgifter har tagits bort från den här enheten. På återseende!",
    queued:
      "Dina uppgifter har tagits bort från den här enheten. Tjänsten vet det inte ännu, eftersom anslutning saknas. " +
      "Appen meddelar den så snart anslutningen är tillbaka.",
    ended: "Din inloggning har upphört. Logga in igen för att fortsätta.",
    locked: "Ditt konto är stängt. Kontakta kundtjänsten.",
    storage: "Webbläsaren har raderat appens uppgifter på den här enheten. Logga in igen för att fortsätta.",
  },
  foreign: {
    title: "Den här inloggningen började inte här",
    text:
      "Någon annan kan ha skickat dig en länk, eller så är inloggningen för gammal. " +
      "För din säkerhet loggade vi inte in dig med den.",
    stillIn: "Din egen inloggning är oförändrad.",
    toHome: "Tillbaka till appen",
  },
  failed: {
    retry: "Försök igen",
    startOver: "Tillbaka till början",
    supportCode: "Supportkod",
    supportText: "Ge koden till kundtjänsten om du behöver hjälp.",
  },
  failures: {
    cancelled: {
      title: "Inloggningen avbröts",
      text: "Du loggades inte in. Försök igen om du avbröt av misstag.",
    },
    noBenefits: {
      title: "Inga förmåner hittades",
      text:
        "Du identifierade dig, men inga förmåner hittades för dig. Kontrollera med din arbetsgivare att du har lagts till " +
        "och försök sedan igen.",
    },
    locked: {
      title: "Ditt konto är stängt",
      text: "Du kan inte logga in just nu. Kontakta kundtjänsten.",
    },
    expired: {
      title: "Inloggningen tog för lång tid",
      text: "Du har tio minuter på dig att logga in. Börja om så kommer du in.",
    },
    otherBrowser: {
      title: "Du återvände i en annan webbläsare",
      text: "Inloggningen måste slutföras i samma webbläsare där den började. Försök igen.",
    },
    cookies: {
      title: "Webbläsaren blockerar kakor",
      text: "Tillåt kakor i webbläsarens inställningar och försök igen.",
    },
    tooMany: {
      title: "För många försök",
      text: "Vänta några minuter och försök sedan igen.",
    },
    bankDown: {
      title: "Banken kan inte nås",
      text: "Det är en störning i tjänsten du valde. Försök igen och välj ett annat sätt om du kan, eller vänta en stund.",
    },
    bankTimeout: {
      title: "Bekräftelsen kom inte i tid",
      text: "Du hann inte bekräfta inloggningen. Försök igen och håll telefonen nära.",
    },
    identification: {
      title: "Identifieringen misslyckades",
      text: "Bankens svar kunde inte godkännas. Försök igen eller välj ett annat sätt.",
    },
    clock: {
      title: "Enhetens klocka går fel",
      text: "Ställ in tid och datum automatiskt på enheten och försök igen.",
    },
    update: {
      title: "Uppdatera appen",
      text: "Den här versionen av appen är för gammal för inloggning. Uppdatera appen i appbutiken och försök sedan igen.",
    },
    linkExpired: {
      title: "Länken är för gammal",
      text: "Länken måste öppnas inom två minuter. Börja om så får du en ny länk.",
    },
    linkReused: {
      title: "Länken öppnades i två webbläsare",
      text: "Vi avbröt inloggningen för din säkerhet. Börja om och öppna den nya länken bara i en webbläsare.",
    },
    confirmLate: {
      title: "Bekräftelsen kom för sent",
      text: "Du identifierade dig men inloggningen bekräftades inte i tid. Börja om och tryck till sist på ”Bekräfta inloggningen” i webbläsaren.",
    },
    digitsBurned: {
      title: "Siffrorna var fel för många gånger",
      text: "Vi avbröt inloggningen för din säkerhet. Börja om så får du nya siffror.",
    },
    digitsExpired: {
      title: "Siffrorna är för gamla",
      text: "Siffrorna gäller i tre minuter. Börja om så får du nya.",
    },
    burned: {
      title: "Inloggningen avbröts",
      text: "Vi avbröt inloggningen för din säkerhet. Börja om bara om det är du som loggar in.",
    },
    qrExpired: {
      title: "Koden är för gammal",
      text: "Koden gäller bara en kort stund. Be om en ny kod på datorns sida och skanna den.",
    },
    qrUsed: {
      title: "Koden är redan använd",
      text: "Samma kod har redan skannats. Om det inte var du, bekräfta ingenting på datorn. Be om en ny kod på sidan.",
    },
    qrUnknown: {
      title: "Koden känns inte igen",
      text: "Kontrollera att koden är från SmartumPlus-sidan och försök igen.",
    },
    qrNumber: {
      title: "Siffrorna var fel",
      text: "På datorn skrevs ett annat tal än det i telefonen. Vi avbröt inloggningen för din säkerhet. Be om en ny kod på sidan.",
    },
    app: {
      title: "Inloggningen kunde inte inledas",
      text: "Stäng appen, öppna den igen och försök sedan logga in.",
    },
    server: {
      title: "Det är en störning i tjänsten",
      text: "Felet är vårt, inte ditt. Vänta en stund och försök igen.",
    },
    network: {
      title: "Ingen kontakt med tjänsten",
      text: "Kontrollera att enheten är ansluten till nätet och försök igen.",
    },
    storage: {
      title: "Webbläsaren sparar inga uppgifter",
      text: "Appen fungerar inte i ett privat fönster eller när minnet är fullt. Öppna den i ett vanligt fönster.",
    },
  },
  app: {
    loading: "Öppnar…",
    back: "Tillbaka",
    offline: "Ingen nätanslutning",
    offlineText: "Du kan logga in när anslutningen är tillbaka.",
    brokenTitle: "Appen kunde inte öppnas",
    brokenText: "Kontrollera nätanslutningen och försök igen.",
    caption: "Telefonappen i webbläsaren. Öppna sidan på telefonen så kan du installera den på hemskärmen.",
  },
};
