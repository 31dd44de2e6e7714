"""Files of articles onto news.raw: one module a format, all of them giving the records that `newsloom import` sends."""
