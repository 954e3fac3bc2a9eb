/**
 * Common given names in English and Spanish, with a capital as they are written. Those that are words too at the start
 * of a sentence or in medicine (Will, Mark, Grace, Rose, Dolores, Consuelo, Mercedes) are not among them.
 */
export const GIVEN_NAMES: readonly string[] = (
  'Aaron Adam Alan Albert Alex Alexander Alice Alison Amanda Amy Andrea Andrew Angela Ann Anna Anne Anthony Arthur ' +
  'Ashley Barbara Benjamin Betty Brandon Brenda Brian Carl Carol Caroline Catherine Charles Charlotte Chloe Christine ' +
  'Christopher Daniel David Deborah Dennis Diane Donald Dorothy Edward Elizabeth Emily Emma Eric Evelyn Frances ' +
  'Gary George Gerald Hannah Harold Harry Heather Helen Henry Isabella Jacob James Janet Jason Jennifer Jeremy Jessica Joan ' +
  'John Jonathan Joseph Joshua Joyce Judith Julia Julie Karen Katherine Kathleen Keith Kelly Kenneth Kevin Kyle ' +
  'Larry Laura Lauren Lawrence Linda Lisa Lucy Margaret Maria Marie Marilyn Martha Martin Mary Matthew Megan Melissa ' +
  'Michael Michelle Nancy Natalie Nathan Nicholas Nicole Nigel Olivia Pamela Patricia Patrick Paul Peter Philip Rachel ' +
  'Raymond Rebecca Richard Robert Roger Ronald Ruth Ryan Samantha Samuel Sandra Sarah Scott Sean Sharon Shirley Simon ' +
  'Sophie Stephanie Stephen Steven Susan Teresa Theresa Thomas Timothy Tyler Victoria Vincent Walter William Zachary ' +
  'Adriana Agustín Alberto Alejandra Alejandro Alfonso Alfredo Alicia Álvaro Ana Ángel Ángela Antonia Antonio Arturo ' +
  'Beatriz Begoña Carlos Carlota Carmen Catalina Cecilia César Claudia Cristina Diego Domingo Eduardo Elena Emilio Encarna ' +
  'Enrique Ernesto Esteban Eugenia Eva Fátima Felipe Fernando Francisca Francisco Gabriel Gabriela Gonzalo Gregorio ' +
  'Guillermo Gustavo Héctor Ignacio Inés Inmaculada Irene Isabel Ismael Iván Javier Jesús Joaquín Jorge José Josefa Josefina ' +
  'Juan Juana Julián Julio Laia Leticia Lorenzo Lourdes Lucía Luis Luisa Manuel Manuela Marcos Margarita María Mariano ' +
  'Marina Marta Mateo Matilde Miguel Mónica Montserrat Natalia Nerea Nicolás Noelia Nuria Óscar Pablo Paloma Paula Pedro ' +
  'Rafael Ramón Raquel Raúl Ricardo Roberto Rodrigo Rosario Rubén Salvador Sergio Silvia Sofía Sonia Susana Tomás ' +
  'Valentina Vicente Víctor Xavier Yolanda'
).split(' ')
