// The script of plain pages that are alive. Each part looks for its form; where there is none it does nothing.

import { builder } from "./plain/builder.js";
import { filePicker } from "./plain/file.js";
import { layout } from "./plain/layout.js";
import { wall } from "./plain/wall.js";

builder(document.querySelector("form[data-live]"));
layout(document.querySelector("form[data-layout]"));
wall(document.querySelector("form[data-wall]"));
for (const input of document.querySelectorAll("input[type=file][data-into]")) filePicker(input);
