// Sends the token once, in a header: it stands in no address, so no log and no history ever holds it.
"use strict";

const form = document.getElementById("login");
const field = document.getElementById("token");
const said = document.getElementById("said");

async function login(token) {
  const answer = await fetch("/session", { headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  if (answer.ok) {
    location.replace("/");
  } else {
    said.textContent = "That is not the token.";
    field.select();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  login(field.value.trim()).catch(() => { said.textContent = "The watch does not answer."; });
});

// A link that ends in #token=… opens the page at once; what stands behind # leaves no browser.
const linked = new URLSearchParams(location.hash.slice(1)).get("token");
if (linked) {
  history.replaceState(null, "", "/");
  login(linked).catch(() => { said.textContent = "The watch does not answer."; });
}
