"""Two ways to use a page: with a pointer, and with the keyboard alone."""

from typing import Protocol

from playwright.sync_api import Locator, Page, expect

_MOST_TABS = 400
"""From the top of the longest page to its last link and on."""
_FOCUS_IS_VISIBLE = """element => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


class Hand(Protocol):
    """What somebody does with the things on a page."""

    def press(self, thing: Locator) -> None:
        """Follow a link or press a button."""

    def write(self, field: Locator, text: str) -> None:
        """Write into a field what it shall hold."""

    def tick(self, box: Locator) -> None:
        """Tick a box or choose a radio button."""

    def unfold(self, summary: Locator) -> None:
        """Open what is folded away."""

    def slide(self, slider: Locator, value: int) -> None:
        """Move a slider to a value."""

    def choose_years(self, page: Page, first: int, last: int) -> None:
        """Choose years on the search page."""


class Pointer:
    """A mouse or a finger."""

    def press(self, thing: Locator) -> None:
        """Click it."""
        thing.click()

    def write(self, field: Locator, text: str) -> None:
        """Click the field and type."""
        field.click()
        field.fill("")
        field.press_sequentially(text, delay=15)

    def tick(self, box: Locator) -> None:
        """Click the box."""
        box.check()

    def unfold(self, summary: Locator) -> None:
        """Click it."""
        summary.click()

    def slide(self, slider: Locator, value: int) -> None:
        """Put the slider there."""
        slider.fill(str(value))

    def choose_years(self, page: Page, first: int, last: int) -> None:
        """Drag over the bars of the years, from the last to the first."""

        def middle_of(year: int) -> tuple[float, float]:
            bar = page.locator(f".year-chart [data-year='{year}'] .ground")
            bar.scroll_into_view_if_needed()
            box = bar.bounding_box()
            assert box
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        page.mouse.move(*middle_of(last))
        page.mouse.down()
        page.mouse.move(*middle_of(first), steps=5)
        page.mouse.up()


class Keyboard:
    """Tab, Enter, the space bar, arrows and letters; each thing shows that it has the focus."""

    def _reach(self, thing: Locator) -> None:
        expect(thing).to_be_visible()
        for _ in range(_MOST_TABS):
            if thing.evaluate("element => element === document.activeElement"):
                assert thing.evaluate(_FOCUS_IS_VISIBLE), f"the focus does not show on {thing}"
                return
            thing.page.keyboard.press("Tab")
        raise AssertionError(f"{_MOST_TABS} times Tab do not reach {thing}")

    def press(self, thing: Locator) -> None:
        """Tab to it, and Enter."""
        self._reach(thing)
        thing.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        """Tab to the field, and type over what is in it."""
        self._reach(field)
        field.page.keyboard.press("Control+A")
        field.page.keyboard.type(text, delay=15)

    def tick(self, box: Locator) -> None:
        """Tab to the box, and the space bar; among radio buttons the arrows."""
        if box.get_attribute("type") == "radio":
            name = box.get_attribute("name")
            self._reach(box.page.locator(f"input[name='{name}']:checked"))
            for _ in range(10):
                if box.is_checked():
                    return
                box.page.keyboard.press("ArrowDown")
        else:
            self._reach(box)
            box.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def unfold(self, summary: Locator) -> None:
        """Tab to it, and Enter."""
        self.press(summary)

    def slide(self, slider: Locator, value: int) -> None:
        """Tab to the slider, and the arrows."""
        self._reach(slider)
        while (now := int(slider.input_value())) != value:
            slider.page.keyboard.press("ArrowLeft" if now > value else "ArrowRight")

    def choose_years(self, page: Page, first: int, last: int) -> None:
        """Tab to the two lists beside the bars, and the arrows; each step is a search."""
        for name, year in (("year_from", first), ("year_to", last)):
            chosen = page.locator(f"#{name}")
            self._reach(chosen)
            years = chosen.locator("option").all_inner_texts()
            while (now := chosen.input_value()) != str(year):
                # the first of the options is any year
                at = years.index(now) if now else 0
                page.keyboard.press("ArrowDown" if at < years.index(str(year)) else "ArrowUp")
                expect(chosen).not_to_have_value(now)
                page.wait_for_load_state("networkidle")
                expect(chosen).to_be_focused()
