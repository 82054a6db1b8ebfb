// A file whose text goes into a text field.

export function filePicker(input) {
  input.addEventListener("change", async () => {
    const file = input.files[0];
    const text = document.getElementById(input.dataset.into);
    if (file && text) text.value = await file.text();
  });
}
