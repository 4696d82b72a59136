"""What stands behind a figure: from figures to forms, and from forms to figures."""
