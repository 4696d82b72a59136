"""Write results in the formats that other programs read: CSV with a data package, SPSS, Excel."""
