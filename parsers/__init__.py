"""What a mail says: octets become plain values, whoever wrote them. Pure: no network, no files, no clock."""
