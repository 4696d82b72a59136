"""The report: pages that anyone who may see the data can read, made from tables, passports and declared claims."""
