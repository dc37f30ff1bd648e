"""English sentences of the interface that a page in another language still shows."""

import re
from functools import cache

from playwright.sync_api import Page

from registry import codelists
from web import i18n

_LETTERS = 12
"""Shorter sentences are the same in several languages, or parts of names."""
_PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
_SCHEMES = (
    "pillars",
    "measures",
    "statuses",
    "overlap_kinds",
    "overlap_outcomes",
    "request_states",
)
_WHAT_IS_READ = """language => {
    const inOtherLanguage = node => {
        const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
        const marked = element.closest("body [lang]");
        return marked && marked.lang !== language;
    };
    const read = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest("script, style, code") || inOtherLanguage(node)) continue;
        read.push(node.textContent);
    }
    for (const name of ["aria-label", "title", "placeholder", "alt"]) {
        for (const element of document.querySelectorAll(`[${name}]`)) {
            if (!inOtherLanguage(element)) read.push(element.getAttribute(name));
        }
    }
    return read.map(text => text.replace(/\\s+/g, " ").trim()).filter(text => text);
}"""


def english_left_on(page: Page, language: str) -> list[str]:
    """Return what the page says in English though there is a translation, or should be one.

    What an organisation wrote does not count: its titles and texts are marked with their language.
    """
    read = page.evaluate(_WHAT_IS_READ, language)
    return sorted(
        {text[:120] for text in read for sentence in _english(language) if sentence.search(text)}
    )


@cache
def _english(language: str) -> tuple[re.Pattern[str], ...]:
    """Return the sentences and names of codes that are other ones in the language."""
    sentences = {
        form
        for entry in i18n.catalogue(language)
        if entry.id
        for form in ([entry.id] if isinstance(entry.id, str) else entry.id)
        if form not in ([entry.string] if isinstance(entry.string, str) else entry.string)
    }
    sentences |= {
        codelists.label(scheme, code, "en")
        for scheme in _SCHEMES
        for code in codelists.scheme(scheme)
        if codelists.label(scheme, code, "en") != codelists.label(scheme, code, language)
    }
    return tuple(
        re.compile(rf"(?<!\w){pattern}(?!\w)")
        for sentence in sentences
        if sum(map(str.isalpha, _PLACES.sub("", sentence))) > _LETTERS
        for pattern in [".{0,80}?".join(map(re.escape, _PLACES.split(sentence)))]
    )
