"""Raw exports made from the printed tables: synthetic forms whose tables come out as printed."""
