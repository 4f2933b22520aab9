"""What is made of the charts: the tables of values in their READMEs."""
