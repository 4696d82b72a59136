  // Taking a figure along: its picture, its numbers, its link and how to cite it. ----------------------------------------
