ALTER TABLE groups DROP COLUMN purpose_html;
ALTER TABLE groups DROP COLUMN description_html;
