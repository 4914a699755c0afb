/**
 * Shows a choice as a row of radio buttons.
 *
 * @param {HTMLFieldSetElement} fieldset
 * @param {Readonly<Record<string, { label: string }>>} options
 * @param {(name: string) => void} choose
 * @returns {(name: string) => void} shows what is chosen
 */
export function showSegments(fieldset, options, choose) {
  const inputs = Object.entries(options).map(([value, { label }]) => {
    const input = document.createElement('input')
    Object.assign(input, { type: 'radio', name: fieldset.id, value })
    input.addEventListener('change', () => choose(value))
    const text = document.createElement('span')
    text.textContent = label
    const row = document.createElement('label')
    row.append(input, text)
    fieldset.append(row)
    return input
  })
  return (name) => {
    for (const input of inputs) input.checked = input.value === name
  }
}
