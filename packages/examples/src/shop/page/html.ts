export const html: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Shop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/browser/app.js"></script>
</head>
<body>
<header>
  <h1>Shop</h1>
  <p id="line" class="line" role="status"><span class="dot"></span><span id="line-text">Connecting …</span></p>
</header>
<main>
  <div>
    <section class="card" aria-labelledby="articles-title">
      <h2 id="articles-title">Articles</h2>
      <table>
        <thead><tr><th>Article</th><th class="number">Free</th><th class="number">Held</th><th class="number">Sold</th><th></th></tr></thead>
        <tbody id="articles"></tbody>
      </table>
      <p id="refusal" class="refusal" role="alert" hidden></p>
    </section>
    <section class="card" aria-labelledby="orders-title">
      <div class="head">
        <h2 id="orders-title">Orders</h2>
        <p id="counts" class="quiet"></p>
      </div>
      <table><tbody id="orders"></tbody></table>
    </section>
  </div>
  <section class="card" aria-labelledby="bank-title">
    <h2 id="bank-title">The bank</h2>
    <p id="books" class="quiet"></p>
    <label class="range">Requests that go wrong: <span id="failing-text"></span>
      <input id="failing" type="range" min="0" max="1" step="0.1" value="0.3">
    </label>
    <p class="quiet">At the right end it never answers as it should: orders wait, and expire after half a minute. Money that was taken meanwhile is given back once the bank can be asked again.</p>
  </section>
</main>
<footer>
  <p>Stock, orders and payment are three roles. What one of them decided, its reactions tell the others: each call
  happens once, whatever crashes in between.</p>
</footer>
<noscript><p>The shop needs JavaScript.</p></noscript>
</body>
</html>
`
