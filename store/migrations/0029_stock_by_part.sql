-- Where a part lies: for the list of parts, and for what to buy.
CREATE INDEX part_stock_by_part ON part_stock (part_no);
