"use strict";
// What the console cannot do without a script: passkeys. And what is nicer with one:
// copying an answer, and not sending a form twice. Nothing here makes HTML.
(() => {
  const area = document.querySelector("[data-passkey]");
  if (area) passkey(area);
  for (const button of document.querySelectorAll("[data-copy]")) copies(button);
  for (const form of document.querySelectorAll("form[method=post]")) once(form);

  function passkey(area) {
    const go = area.querySelector("[data-go]");
    const says = area.querySelector("[data-says]");
    const ticket = location.hash.slice(1);
    for (const link of document.querySelectorAll(".languages a")) link.hash = location.hash; // the ticket stays
    const say = (word) => {
      const found = area.querySelector(`[data-word="${word}"]`) || area.querySelector("[data-word=internal]");
      says.textContent = found.textContent;
      says.hidden = false;
    };
    const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
    if (!able) return say("unable");
    if (area.dataset.passkey === "invited" && !ticket) return say("gone");
    go.hidden = false;
    let begun; // kept for a second press: some browsers want one for each use of a passkey
    go.addEventListener("click", async () => {
      go.disabled = true;
      says.hidden = true;
      try {
        const act = area.dataset.act; // what decides who gets in asks who is there first
        const confirmed = act && !begun ? await confirm(act) : "";
        if (area.dataset.passkey === "confirm") return send(confirmed);
        begun = begun || await post(area.dataset.begin, { ticket, confirmed });
        const made = await ask(begun.options.publicKey);
        await post(area.dataset.finish, made.toJSON());
        done();
      } catch (problem) {
        if (problem.word) begun = undefined; // the service does not take it
        say(wordFor(problem));
        go.disabled = false;
      }
    });

    async function confirm(act) {
      const asked = await post("/console/confirm/begin", { act });
      const proof = await use(asked.options.publicKey);
      return (await post("/console/confirm/finish", proof.toJSON())).confirmed;
    }

    function send(confirmed) {
      const kept = document.querySelector("[data-kept]");
      kept.querySelector("[name=confirmed]").value = confirmed;
      kept.requestSubmit();
    }

    function use(options) {
      return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    }

    function ask(options) {
      if (area.dataset.passkey === "use") return use(options);
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
    }

    function done() {
      const kept = document.querySelector("[data-kept]");
      if (!kept) return location.replace(area.dataset.next);
      // A form waits to be sent again: whoever has just signed in decides.
      area.hidden = true;
      kept.hidden = false;
      kept.querySelector("button").focus();
    }
  }

  async function post(path, body) {
    const answer = await fetch(path, {
      method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", Accept: "application/json" },
    });
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(said.error), { word: said.error });
    return said;
  }

  function wordFor(problem) {
    if (problem.word) return problem.word;
    switch (problem.name) {
      case "NotAllowedError": case "AbortError": return "cancelled";
      case "InvalidStateError": return "conflict";
      case "SecurityError": return "address";
      case "NotSupportedError": case "ConstraintError": return "unable";
      case "TypeError": return "unavailable"; // the network is away
      default: return "internal";
    }
  }

  function copies(button) {
    const from = document.getElementById(button.dataset.copy);
    const plain = button.textContent;
    if (!from || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(from.textContent);
        button.textContent = button.dataset.copied;
        setTimeout(() => { button.textContent = plain; }, 3000);
      } catch {
        getSelection().selectAllChildren(from);
      }
    });
  }

  function once(form) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "yes";
    });
    addEventListener("pageshow", () => { delete form.dataset.sent; });
  }
})();
