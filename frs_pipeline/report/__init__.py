"""The report: pages for anyone who may see the data, made from tables, passports and declared claims."""
