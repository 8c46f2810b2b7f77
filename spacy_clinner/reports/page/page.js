// Shows the entities of the chosen labels that are at least so probable, and the relations between them.
"use strict";
const boxes = [...document.querySelectorAll(".legend input")];
const least = document.querySelector(".least input");
const tags = [...document.querySelectorAll(".tag")];
const marks = [...document.querySelectorAll("mark")];
const arcs = [...document.querySelectorAll("g[data-ends]")];
const figures = [...document.querySelectorAll("figure")];
const rects = [...document.querySelectorAll("rect[data-entity]")];
const tagOf = new Map(tags.map(tag => [tag.dataset.entity, tag]));

function probable(element) {
  // what has no probability is always shown
  return !("probability" in element.dataset) || Number(element.dataset.probability) >= Number(least.value);
}

function isShown(entity) {
  return !tagOf.get(entity).hidden;
}

function entitiesIn(text) {
  return text.split(" ").filter(Boolean);
}

function filter() {
  const labels = new Set(boxes.filter(box => box.checked).map(box => box.value));
  for (const tag of tags) {
    tag.hidden = !(labels.has(tag.dataset.label) && probable(tag));
  }
  for (const mark of marks) {
    const over = entitiesIn(mark.dataset.over).filter(isShown).map(entity => tagOf.get(entity));
    const top = over.at(-1);
    mark.className = top ? `c${top.dataset.label}` : "off";
    mark.classList.toggle("negated", Boolean(top) && "negated" in top.dataset);
    mark.title = over.map(tag => tag.title).join("; ");
  }
  for (const rect of rects) {
    rect.classList.toggle("off", !isShown(rect.dataset.entity));
  }
  for (const arc of arcs) {
    arc.classList.toggle("off", !(probable(arc) && entitiesIn(arc.dataset.ends).every(isShown)));
  }
  for (const figure of figures) {
    figure.hidden = !figure.querySelector("g:not(.off)");
  }
  document.querySelector("#bound").value = Number(least.value).toFixed(2);
  document.querySelector("#shown").value = `${tags.filter(tag => !tag.hidden).length} of ${tags.length} entities shown`;
}

document.body.classList.add("live");
for (const input of [...boxes, least]) {
  input.addEventListener("input", filter);
}
filter();
