"use strict";
// The report can be read without this. It finds points, and drafts a statement as a file that stays
// on this machine: nothing is sent, and nothing is kept in the page.
(() => {
  const one = (id) => document.getElementById(id);
  const all = (query) => [...document.querySelectorAll(query)];
  const data = JSON.parse(one("form-data").textContent);

  const find = () => {
    const wanted = one("find-text").value.trim().toLowerCase();
    const status = one("find-status").value;
    let shown = 0;
    for (const point of all("details.point")) {
      const fits = (!status || point.dataset.status === status) &&
        point.textContent.toLowerCase().includes(wanted);
      point.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const part of all("section.perspective")) {
      part.hidden = !part.querySelector("details.point:not([hidden])");
    }
    one("find-count").textContent = data.texts.find_count.replace("{shown}", shown);
  };

  const form = one("form");
  const day = (text, days) => {
    const date = new Date(`${text}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
  };

  const judge = () => {
    const until = one("f-until");
    until.setCustomValidity(until.max && until.value > until.max ? data.texts.form_too_late : "");
    const more = ["f-owner", "f-treatment", "f-review"].some((id) => one(id).value);
    one("f-level").required = more;  // without a level nothing of the risk would be kept
  };

  const choose = () => {
    const asked = data.asked[one("f-asked").value];
    one("f-text").textContent = asked ? asked.text : data.texts.form_pick;
    one("f-role").textContent = asked ? asked.role_name : "";
    one("f-role-line").hidden = !asked;
    const from = one("f-date").value;
    const last = asked && from ? day(from, asked.days) : "";
    one("f-until").min = from;
    one("f-until").max = last;
    if (last && (!one("f-until").value || one("f-until").value > last)) one("f-until").value = last;
    judge();
  };

  const sha256 = async (file) => {
    const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const typed = (id) => one(id).value.replace(/\r\n?/g, "\n").trim();

  const risk = () => {
    if (!one("f-level").value) return null;
    return {
      level: one("f-level").value,
      owner: typed("f-owner") || null,
      treatment: typed("f-treatment") || null,
      review: one("f-review").value || null,
    };
  };

  const draft = async () => {
    const asked = data.asked[one("f-asked").value];
    const file = one("f-document").files[0];
    return {
      framework: data.framework,
      version: data.version,
      system: data.system,
      point: asked.point,
      statement: asked.id,
      holds: form.elements.holds.value === "true",
      claim: typed("f-claim"),
      role: asked.role,
      name: typed("f-name"),
      date: one("f-date").value,
      valid_until: one("f-until").value,
      document: file ? { name: file.name, sha256: await sha256(file) } : null,
      risk: risk(),
    };
  };

  const save = (content, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = one("f-said");
    try {
      const made = await draft();
      const name = `${made.statement}-${made.date}.json`;
      save(`${JSON.stringify(made, null, 2)}\n`, name);
      said.textContent = data.texts.form_saved.replace("{name}", name);
    } catch {
      said.textContent = data.texts.form_unread;
    }
  });
  for (const id of ["f-until", "f-owner", "f-treatment", "f-review"]) {
    one(id).addEventListener("input", judge);
  }
  for (const id of ["f-asked", "f-date"]) one(id).addEventListener("input", choose);
  for (const link of all("a[data-asked]")) {
    link.addEventListener("click", () => {
      one("f-asked").value = link.dataset.asked;
      choose();
    });
  }
  for (const id of ["find-text", "find-status"]) one(id).addEventListener("input", find);
  one("find").hidden = false;
  form.hidden = false;
  find();
  choose();
})();
