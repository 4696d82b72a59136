"""Templates for an audit of one's own tables: a list of figures that adds up, and claims about it that hold."""

TABLES = """\
# Printed tables for `frs audit`: one printed figure a line, exactly as the report prints it.
# Lines that begin with # are skipped. Replace the three tables below by your own; they add up as they stand.
#
# table      the number of the table
# row        label of the row. Totals are called Total; in a table of one question also Total valid and Missing
# column     label of the column; empty in a table of one question, and for correlations
# group      where a correlation is printed for several groups: the label of the group; else empty
# measure    count, percent, valid_percent, cumulative_percent, row_percent, column_percent, total_percent,
#            gamma, ase, t, p, n or partial_gamma
# printed    the figure: with a decimal comma or point, with or without %, a thousands separator only in counts
#
# Four columns may be left out, and need to be filled on one line of each table only:
# title            what stands above the table
# row_question     the question of the rows, or of the only axis; any word, the same for the same question
# column_question  the question of the columns
# forms            which forms the table counts: the name of their file, then whatever limits them, with commas between
# Tables are compared with each other where questions and forms are the same; else each is audited by itself.
#
# Tables may also stay as they are printed, one a file or sheet, with headings, labels and totals: no template is needed.
table;row;column;group;measure;printed;title;row_question;column_question;forms
1;very satisfied;;;count;52;How satisfied are you?;satisfied;;survey
1;very satisfied;;;percent;41.3;;;;
1;very satisfied;;;valid_percent;43.3;;;;
1;very satisfied;;;cumulative_percent;43.3;;;;
1;fairly satisfied;;;count;45;;;;
1;fairly satisfied;;;percent;35.7;;;;
1;fairly satisfied;;;valid_percent;37.5;;;;
1;fairly satisfied;;;cumulative_percent;80.8;;;;
1;not satisfied;;;count;23;;;;
1;not satisfied;;;percent;18.3;;;;
1;not satisfied;;;valid_percent;19.2;;;;
1;not satisfied;;;cumulative_percent;100.0;;;;
1;Total valid;;;count;120;;;;
1;Total valid;;;percent;95.2;;;;
1;Total valid;;;valid_percent;100.0;;;;
1;Missing;;;count;6;;;;
1;Missing;;;percent;4.8;;;;
1;Total;;;count;126;;;;
1;Total;;;percent;100.0;;;;
2;parents;very satisfied;;count;40;Who are you * How satisfied are you?;role;satisfied;survey, answered both
2;parents;fairly satisfied;;count;25;;;;
2;parents;not satisfied;;count;10;;;;
2;parents;Total;;count;75;;;;
2;parents;very satisfied;;row_percent;53.3%;;;;
2;parents;fairly satisfied;;row_percent;33.3%;;;;
2;parents;not satisfied;;row_percent;13.3%;;;;
2;parents;Total;;row_percent;100.0%;;;;
2;staff;very satisfied;;count;12;;;;
2;staff;fairly satisfied;;count;20;;;;
2;staff;not satisfied;;count;13;;;;
2;staff;Total;;count;45;;;;
2;staff;very satisfied;;row_percent;26.7%;;;;
2;staff;fairly satisfied;;row_percent;44.4%;;;;
2;staff;not satisfied;;row_percent;28.9%;;;;
2;staff;Total;;row_percent;100.0%;;;;
2;Total;very satisfied;;count;52;;;;
2;Total;fairly satisfied;;count;45;;;;
2;Total;not satisfied;;count;23;;;;
2;Total;Total;;count;120;;;;
3;;;;gamma;.453;Who are you * How satisfied are you?;role;satisfied;survey, answered both
3;;;;ase;.129;;;;
3;;;;t;3.142;;;;
3;;;;p;.002;;;;
3;;;;n;120;;;;
"""

CLAIMS = """\
# Claims for `frs audit TABLES --claims CLAIMS`: what a report's text says, and when it is true of its tables.
# The words of a claim hold no digits: a number is a value, named in braces. Values are read from tables by number and label.
title: What the report says of satisfaction
claims:
  - id: four_in_five                # a name of your own, used once
    pages: "12"                     # where it stands: a page, or two with – between them
    phrase: "four in five were satisfied"   # the report's own words, twelve at most
    says: "{satisfied} of all were very or fairly satisfied"
    values:
      satisfied:
        share: {table: 1, answers: [very satisfied, fairly satisfied]}   # per cent of the valid answers
        said: "81%"                 # as the report prints it, if it prints a number
    holds:                          # all of these must hold
      - {value: satisfied, as_said_within: 0.5}
  - id: parents_most
    pages: "13"
    phrase: "most of the parents were very satisfied"
    says: "most of the {all} parents were very satisfied, {parents}, and more than of the staff"
    values:
      all: {count: {table: 2, row: parents}}
      parents: {share: {table: 2, row: parents, answers: [very satisfied]}}
      staff: {share: {table: 2, row: staff, answers: [very satisfied]}}
    holds:
      - {value: parents, word: most}
      - {value: parents, above: staff}     # a number, or another value
  - id: role_matters
    pages: "13–14"
    phrase: "a clear association"
    says: "who somebody is and how satisfied they are go together, gamma {gamma}"
    values:
      gamma: {gamma: {table: 3}}
    holds:
      - {value: gamma, strength: [strong, moderate], significant: true}
  - id: trust
    phrase: "staff trust each other"
    says: "staff trust each other"
    untested: not_asked             # instead of holds: a reason from below
# Words that stand for a quantity, and why claims aren't tested. Both may also stand in a words.yaml beside this file.
quantities:
  most: {says: most, above: 50}
reasons:
  not_asked: no table has figures of it
"""
