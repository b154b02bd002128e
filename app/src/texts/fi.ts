/**
 * Finnish is the source language: its keys are the keys. Sinä-form, short sentences,
 * and no word that needs explaining. Texts with a hole are functions.
 */
export const fi = {
  language: { name: "Suomi", choose: "Kieli" },
  start: {
    tagline: "Työsuhde-etusi yhdessä paikassa",
    login: "Kirjaudu sisään",
    opening: "Avataan kirjautumista…",
    means: "Verkkopankkitunnuksilla tai Mobiilivarmenteella",
    alternative: "Vaihtoehtoiset kirjautumistavat",
    notices: "Tiedotteet",
    update: "Sovelluksesta on uusi versio. Päivitä sovellus, niin kirjautuminen toimii varmasti.",
    updateNow: "Päivitä nyt",
  },
  alternative: {
    title: "Vaihtoehtoiset kirjautumistavat",
    unavailable: "Nämä tavat eivät ole vielä käytössä tässä palvelussa.",
    instead: "Kirjaudu toistaiseksi tavalliseen tapaan.",
    link: "Kirjautumislinkki",
    linkText:
      "Kirjaudut puhelimesi selaimessa verkkopankkitunnuksilla tai Mobiilivarmenteella ja vahvistat kirjautumisen. " +
      "Tätä kannattaa kokeilla, vaikka kirjautuminen ei olisi aiemmin onnistunut.",
    qr: "QR-koodi",
    qrText:
      "Kätevä, jos tietokoneellasi on jo auki sivu ”SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!”. " +
      "Skannaat sivun QR-koodin tällä sovelluksella.",
  },
  pending: {
    title: "Kirjautuminen on kesken",
    text: "Voit jatkaa siitä, mihin jäit. Mitään ei ole kadonnut.",
    resume: "Jatka kirjautumista",
    startOver: "Aloita alusta",
    trouble: "Eikö kirjautuminen onnistu?",
  },
  finishing: {
    title: "Kirjaudutaan sisään…",
    text: "Tämä kestää hetken.",
    waiting: "Yhteys katkesi. Yritetään uudelleen…",
    waitingText: "Pidä sovellus auki. Sinun ei tarvitse tehdä mitään.",
  },
  home: {
    hello: (name: string) => (name === "" ? "Hei!" : `Hei, ${name}!`),
    account: "Oma tili",
    loggedIn: "Kirjautunut",
    benefits: "Etusi",
    noBenefits: "Sinulla ei ole juuri nyt etuja. Kysy lisää työnantajaltasi.",
    loading: "Haetaan etujasi…",
    updated: (time: string) => `Päivitetty ${time}`,
    offline: "Ei verkkoyhteyttä.",
    offlineText: (time: string) => `Näet tiedot sellaisina kuin ne olivat ${time}.`,
    offlineNothing: "Edut näkyvät, kun yhteys palaa.",
    trouble: "Tietoja ei saatu päivitettyä.",
    settings: "Asetukset",
  },
  benefits: {
    lunch: "Lounas",
    sports: "Liikunta",
    culture: "Kulttuuri",
    wellbeing: "Hyvinvointi",
    commuting: "Työmatka",
    bicycle: "Polkupyörä",
    other: "Työsuhde-etu",
  },
  settings: {
    title: "Asetukset",
    about: "Tietoja",
    version: "Versio",
    support: "Asiakastuki",
    email: "Sähköposti",
    phone: "Puhelin",
    help: "Ohjeet",
    service: "Kirjautumispalvelu",
    session: "Tämä laite",
    logout: "Kirjaudu ulos",
    logoutAsk: "Kirjaudutaanko ulos?",
    logoutText: "Kun kirjaudut takaisin, tarvitset verkkopankkitunnukset tai Mobiilivarmenteen.",
    logoutYes: "Kirjaudu ulos",
    logoutNo: "Pysy kirjautuneena",
  },
  loggedOut: {
    title: "Olet kirjautunut ulos",
    self: "Tietosi on poistettu tältä laitteelta. Nähdään taas!",
    queued:
      "Tietosi on poistettu tältä laitteelta. Palvelu ei vielä tiedä asiasta, koska yhteyttä ei ole. " +
      "Sovellus kertoo sille heti, kun yhteys palaa.",
    ended: "Kirjautumisesi on päättynyt. Kirjaudu uudelleen, niin pääset jatkamaan.",
    locked: "Tilisi on suljettu. Ota yhteyttä asiakastukeen.",
    storage: "Selain on poistanut sovelluksen tietoja tältä laitteelta. Kirjaudu uudelleen, niin pääset jatkamaan.",
  },
  foreign: {
    title: "Tätä kirjautumista ei aloitettu täällä",
    text:
      "Joku muu on voinut lähettää sinulle linkin, tai kirjautuminen on jo vanhentunut. " +
      "Turvallisuutesi vuoksi emme kirjanneet sinua sisään sillä.",
    stillIn: "Oma kirjautumisesi on ennallaan.",
    toHome: "Takaisin sovellukseen",
  },
  failed: {
    retry: "Yritä uudelleen",
    startOver: "Takaisin alkuun",
    supportCode: "Tukikoodi",
    supportText: "Kerro koodi asiakastuelle, jos tarvitset apua.",
  },
  failures: {
    cancelled: {
      title: "Kirjautuminen peruttiin",
      text: "Sinua ei kirjattu sisään. Jos peruit vahingossa, yritä uudelleen.",
    },
    noBenefits: {
      title: "Etuja ei löytynyt",
      text:
        "Tunnistit itsesi, mutta sinulle ei löytynyt etuja. Tarkista työnantajaltasi, että sinut on lisätty, " +
        "ja yritä sitten uudelleen.",
    },
    locked: {
      title: "Tilisi on suljettu",
      text: "Et voi nyt kirjautua sisään. Ota yhteyttä asiakastukeen.",
    },
    expired: {
      title: "Kirjautuminen vanheni",
      text: "Kirjautumiseen on aikaa kymmenen minuuttia. Aloita uudelleen, niin pääset sisään.",
    },
    otherBrowser: {
      title: "Palasit toisessa selaimessa",
      text: "Kirjautuminen pitää tehdä loppuun samassa selaimessa, jossa se alkoi. Yritä uudelleen.",
    },
    cookies: {
      title: "Selain estää evästeet",
      text: "Salli evästeet selaimen asetuksista ja yritä uudelleen.",
    },
    tooMany: {
      title: "Liian monta yritystä",
      text: "Odota muutama minuutti ja yritä sitten uudelleen.",
    },
    bankDown: {
      title: "Pankkiin ei saada yhteyttä",
      text: "Valitsemassasi palvelussa on häiriö. Yritä uudelleen ja valitse toinen tapa, jos voit, tai odota hetki.",
    },
    bankTimeout: {
      title: "Vahvistus jäi saamatta",
      text: "Et ehtinyt vahvistaa kirjautumista ajoissa. Yritä uudelleen ja pidä puhelin lähellä.",
    },
    identification: {
      title: "Tunnistus ei onnistunut",
      text: "Pankin vastausta ei voitu hyväksyä. Yritä uudelleen tai valitse toinen tapa.",
    },
    clock: {
      title: "Laitteen kello on väärässä",
      text: "Aseta laitteesi aika ja päivä automaattisiksi ja yritä uudelleen.",
    },
    update: {
      title: "Päivitä sovellus",
      text: "Tämä sovelluksen versio on liian vanha kirjautumiseen. Päivitä sovellus sovelluskaupassa ja yritä sitten uudelleen.",
    },
    linkExpired: {
      title: "Linkki vanheni",
      text: "Linkki pitää avata kahden minuutin kuluessa. Aloita uudelleen, niin saat uuden linkin.",
    },
    linkReused: {
      title: "Linkki avattiin kahdessa selaimessa",
      text: "Keskeytimme kirjautumisen turvallisuutesi vuoksi. Aloita uudelleen ja avaa uusi linkki vain yhdessä selaimessa.",
    },
    confirmLate: {
      title: "Vahvistus myöhästyi",
      text: "Tunnistauduit, mutta kirjautumista ei vahvistettu ajoissa. Aloita uudelleen ja paina selaimessa lopuksi ”Vahvista kirjautuminen”.",
    },
    digitsBurned: {
      title: "Numerot olivat väärin liian monta kertaa",
      text: "Keskeytimme kirjautumisen turvallisuutesi vuoksi. Aloita uudelleen, niin saat uudet numerot.",
    },
    digitsExpired: {
      title: "Numerot vanhenivat",
      text: "Numerot toimivat kolme minuuttia. Aloita uudelleen, niin saat uudet.",
    },
    burned: {
      title: "Kirjautuminen keskeytettiin",
      text: "Keskeytimme kirjautumisen turvallisuutesi vuoksi. Aloita uudelleen vain, jos kirjaudut itse.",
    },
    qrExpired: {
      title: "Koodi vanheni",
      text: "Koodi toimii vain hetken. Pyydä tietokoneen sivulta uusi koodi ja skannaa se.",
    },
    qrUsed: {
      title: "Koodi on jo käytetty",
      text: "Sama koodi skannattiin jo. Jos se et ollut sinä, älä vahvista mitään tietokoneella. Pyydä sivulta uusi koodi.",
    },
    qrUnknown: {
      title: "Koodia ei tunnistettu",
      text: "Tarkista, että koodi on SmartumPlus-sivulta, ja yritä uudelleen.",
    },
    qrNumber: {
      title: "Numero oli väärä",
      text: "Tietokoneelle kirjoitettiin toinen numero kuin puhelimessa. Keskeytimme kirjautumisen turvallisuutesi vuoksi. Pyydä sivulta uusi koodi.",
    },
    app: {
      title: "Kirjautumista ei voitu aloittaa",
      text: "Sulje sovellus, avaa se uudelleen ja yritä sitten kirjautua.",
    },
    server: {
      title: "Palvelussa on häiriö",
      text: "Vika on meillä, ei sinussa. Odota hetki ja yritä uudelleen.",
    },
    network: {
      title: "Ei yhteyttä palveluun",
      text: "Tarkista, että laitteesi on verkossa, ja yritä uudelleen.",
    },
    storage: {
      title: "Selain ei tallenna tietoja",
      text: "Sovellus ei toimi selaimen yksityisessä ikkunassa tai kun tila on täynnä. Avaa se tavalliseen ikkunaan.",
    },
  },
  app: {
    loading: "Avataan…",
    back: "Takaisin",
    offline: "Ei verkkoyhteyttä",
    offlineText: "Kirjautuminen onnistuu, kun yhteys palaa.",
    brokenTitle: "Sovellusta ei voitu avata",
    brokenText: "Tarkista verkkoyhteys ja yritä uudelleen.",
    caption: "Puhelinsovellus selaimessa. Avaa sivu puhelimella, niin voit asentaa sen aloitusnäytölle.",
  },
};

export type Texts = typeof fi;
