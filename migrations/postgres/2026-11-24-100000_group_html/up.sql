-- rendered when the text is written; null for what was written before
ALTER TABLE groups ADD COLUMN description_html TEXT;
ALTER TABLE groups ADD COLUMN purpose_html TEXT;
