/** A crown on a round table. */
const icon =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#1d6b66"/>' +
      '<path d="M7 21V11l5 4 4-7 4 7 5-4v10z" fill="#f2c14e"/></svg>',
  )

export const html: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Office board</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/browser/app.js"></script>
</head>
<body>
<header>
  <h1>Office board</h1>
  <p id="line" class="line" role="status"><span class="dot"></span><span id="line-text">Connecting …</span></p>
</header>
<main>
  <section class="card board" aria-labelledby="board-title">
    <div class="head">
      <h2 id="board-title">Board</h2>
      <p id="count" class="quiet"></p>
    </div>
    <form id="add">
      <label class="unseen" for="text">New note</label>
      <input id="text" name="text" maxlength="280" autocomplete="off" enterkeyhint="done" placeholder="What is to be done?">
      <button class="main" type="submit">Add</button>
    </form>
    <p id="refusal" class="refusal" role="alert" hidden></p>
    <ul id="notes" class="notes"></ul>
    <p id="older" class="quiet"></p>
  </section>
  <section class="card office" aria-labelledby="office-title">
    <div class="head">
      <h2 id="office-title">Peers</h2>
      <p id="waiting" class="quiet" role="status"></p>
    </div>
    <svg id="ring" class="ring" viewBox="0 0 400 400" role="img" aria-label="The ring of members"></svg>
    <ul id="people" class="people"></ul>
    <button id="start" type="button" class="wide">Start a new peer</button>
  </section>
</main>
<footer>
  <p>Every peer serves this page, and any of them may become the server. Crash the one with the crown: the board goes on.</p>
</footer>
<noscript><p>The board needs JavaScript.</p></noscript>
</body>
</html>
`
