// SPDX-License-Identifier: MIT-0
//
// A page that is built, read back as text, and emptied. No fonts, no pictures from elsewhere, no time:
// what it looks like depends on nothing outside.
document.body.style.margin = '0';

function build(count, number) {
  document.body.replaceChildren();
  for (let i = 0; i < count; i++) {
    const box = document.createElement('div');
    box.id = 'box' + i;
    box.dataset.text = ('text ' + i + ' ').repeat(1 + (i * 31 + number) % 20);
    box.style.cssText = 'float:left;width:' + (3 + i % 9) + 'px;height:' + (4 + i % 5) +
      'px;background:rgb(' + [i % 256, (i * 7) % 256, (i * 13 + 50 * number) % 256].join(',') + ')';
    document.body.append(box);
  }
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1000;
  const context = canvas.getContext('2d');
  for (let i = 0; i < 500; i++) {
    context.fillStyle = 'rgb(' + [i % 256, 99, (i * 3) % 256].join(',') + ')';
    context.fillRect((i * 37) % 990, (i * 53) % 990, 10, 10);
  }
  document.body.append(canvas);
  const data = context.getImageData(0, 0, 1000, 1000).data;
  let sum = 0;
  for (let i = 0; i < data.length; i += 97) sum = (sum * 31 + data[i]) % 1000003;
  return document.body.innerHTML + sum + document.body.offsetHeight;
}

function empty() {
  document.body.replaceChildren();
}
