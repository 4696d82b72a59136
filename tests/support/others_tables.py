"""Printed tables that nobody here made: worked examples from public documentation, typed off figure by figure."""

# UCLA, Statistical Consulting, SPSS FAQ: "How do I interpret the results from crosstabs?" (ats.ucla.edu, xtab_int.htm).
ANXIETY = """\
Anxiety * Tension Crosstabulation
,,,Tension,,Total
,,,low,high,
Anxiety,low,Count,5,21,26
,,% within Anxiety,19.2%,80.8%,100.0%
,,% within Tension,25.0%,75.0%,54.2%
,,% of Total,10.4%,43.8%,54.2%
,high,Count,15,7,22
,,% within Anxiety,68.2%,31.8%,100.0%
,,% within Tension,75.0%,25.0%,45.8%
,,% of Total,31.3%,14.6%,45.8%
Total,,Count,20,28,48
,,% within Anxiety,41.7%,58.3%,100.0%
,,% within Tension,100.0%,100.0%,100.0%
,,% of Total,41.7%,58.3%,100.0%
"""

# "Reading Statistics: The SPSSPC 'Frequencies' Printout", a guide to surveys of parents (studylib.net, document 5851875).
ALCOHOL = """\
21 Caused Cut Back on Alcohol
;;Frequency;Percent;Valid Percent;Cumulative Percent
Valid;No;51;39.8;41.5;41.5
;Yes;72;56.3;58.5;100.0
;Total;123;96.1;100.0;
Missing;System;5;3.9;;
Total;;128;100.0;;
"""

# Income and job satisfaction after Agresti (2002, p. 57), with gamma and its standard error as the
# documentation of vcdExtra prints them (friendly.github.io/vcdExtra, JobSat and GKgamma).
SATISFACTION = """\
;VeryD;LittleD;ModerateS;VeryS
< 15k;1;3;10;6
15-25k;2;3;10;7
25-40k;1;6;14;12
> 40k;0;1;9;11
gamma;0.221
std. error;0.117
"""

# Marques de Sá, Applied Statistics Using SPSS, STATISTICA, MATLAB and R, table 5.15: the first line.
PERFORMANCE = """\
Measures of association for ordinal data
;Value;Asymp. Std. Error;Approx. T;Approx. Sig.
Gamma;0.486;0.076;5.458;0.000
"""
