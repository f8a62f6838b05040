// Buttons that copy a command: shown only where this runs, and where a live page has put new ones.
const show = () => { for (const button of document.querySelectorAll('[data-copy][hidden]')) button.hidden = false }

document.addEventListener('click', async event => {
  const button = event.target.closest?.('[data-copy]')
  if (!button) return
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
    button.textContent = 'Copied'
  } catch {
    // Without permission, or over plain HTTP, there is no clipboard: what is selected can be copied by hand.
    getSelection().selectAllChildren(button.parentElement.querySelector('code'))
    button.textContent = 'Selected'
  }
  setTimeout(() => { button.textContent = 'Copy' }, 2000)
})
document.addEventListener('replaced', show)
show()
