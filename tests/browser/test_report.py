"""The report in headless Chromium: on a phone, on a screen, in the dark, printed and served."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from homebackup.views import page
from homebackup.world.serving import Answer, serving
from tests.browser.chromium import Chromium
from tests.cases.test_page import ALL

pytestmark = pytest.mark.browser
WIDTHS = (360, 1280)
SHOTS = os.environ.get("HOMEBACKUP_SCREENSHOTS")
"""A folder for what was seen, for whoever wants to see it, too."""
OVERFLOW = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
OUTSIDE = """
[...document.body.querySelectorAll('*')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width > 1 && box.right > document.documentElement.clientWidth + 1;
}).map(one => one.outerHTML.slice(0, 90))
"""
SHOWN = "['wide', 'narrow'].filter(name => getComputedStyle(document.querySelector('.' + name)).display !== 'none')"
SMALL = """
[...document.querySelectorAll('h1,h2,h3,p,li,td,th,dt,dd,code,figcaption')].map(
  one => parseFloat(getComputedStyle(one).fontSize)).filter(size => size < 12).length
"""
PALE = """
(() => {
  const light = text => {
    const [r, g, b, a] = text.match(/[\\d.]+/g).map(Number);
    if (a === 0) return null;
    const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const found = light(getComputedStyle(one).backgroundColor);
      if (found !== null) return found;
    }
    return 1;
  };
  const told = [...document.body.querySelectorAll('*')].filter(
    one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && one.getClientRects().length);
  return told.filter(one => !['STYLE', 'style', 'title'].includes(one.tagName)).map(one => {
    const style = getComputedStyle(one);
    const ink = light(one instanceof SVGElement ? style.fill : style.color);
    const [low, high] = [ink, behind(one)].sort((a, b) => a - b);
    return [(high + 0.05) / (low + 0.05), one.outerHTML.slice(0, 90)];
  }).filter(([contrast]) => contrast < 4.5);
})()
"""


@pytest.mark.parametrize("name", ALL)
async def test_nothing_overflows_and_all_can_be_read(name: str, tab: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page.html(ALL[name]()))
    grounds: dict[bool, str] = {}
    for width in WIDTHS:
        for dark in (False, True):
            await tab.screen(width, dark=dark)
            await tab.open(file.as_uri())
            wide, room = await tab.tell(OVERFLOW)
            assert wide <= room == width
            assert await tab.tell(OUTSIDE) == []
            assert await tab.tell(SHOWN) == ["narrow" if width < 640 else "wide"]
            assert await tab.tell(SMALL) == 0
            assert await tab.tell(PALE) == []
            grounds[dark] = await tab.tell("getComputedStyle(document.body).backgroundColor")
            await keep(f"{name}-{width}-{'dark' if dark else 'light'}.png", await tab.picture())
    assert grounds == {False: "rgb(255, 255, 255)", True: "rgb(13, 17, 23)"}
    assert tab.said == []
    assert set(tab.asked) == {file.as_uri()}


async def test_it_is_printed_on_white_paper_with_the_wide_picture(tab: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page.html(ALL["troubled"]()))
    await tab.screen(360, dark=True)
    await tab.open(file.as_uri())
    dark: dict[str, Any] = {"name": "prefers-color-scheme", "value": "dark"}
    await tab.do("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert await tab.tell(SHOWN) == ["wide"]
    assert await tab.tell("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
    assert await tab.tell("getComputedStyle(document.querySelector('.wide text')).fill") == "rgb(0, 0, 0)"
    paper = tmp_path / "report.pdf"
    paper.write_bytes(await tab.paper())
    await keep("report.pdf", paper.read_bytes())
    told = await asyncio.to_thread(pdfinfo, paper)
    facts = {key: value.strip() for key, _, value in (line.partition(":") for line in told.splitlines())}
    assert 2 <= int(facts["Pages"]) <= 4
    assert "A4" in facts["Page size"]


async def test_served_it_is_the_same_and_breaks_no_rule_of_its_own(tab: Chromium) -> None:
    html = page.html(ALL["hostile"]()).encode()
    routes = {"/": lambda: Answer(html, "text/html; charset=utf-8")}
    async with serving(routes, "127.0.0.1", 0, None) as address:
        await tab.screen(360)
        await tab.open(address)
        assert await tab.tell("getComputedStyle(document.querySelector('.headline')).borderLeftWidth") == "6px"
        wide, room = await tab.tell(OVERFLOW)
        assert wide <= room
    assert tab.said == []
    assert {asked.removeprefix(address) for asked in tab.asked} <= {"", "favicon.ico"}


def pdfinfo(paper: Path) -> str:
    return subprocess.run(["pdfinfo", paper], capture_output=True, text=True, check=True).stdout


async def keep(name: str, content: bytes) -> None:
    """Put a picture into the folder of screenshots, if somebody wants one."""
    if SHOTS:
        (Path(SHOTS) / name.replace(" ", "-")).write_bytes(content)
