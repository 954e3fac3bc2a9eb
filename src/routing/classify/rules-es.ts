import type { RuleBook } from './rule-book.ts'

/** Spanish; how to read it: `rules-en.ts`. Accents are as good as none, on both sides. */
export const spanish: RuleBook = {
  words: {
    polite: `hola buenas buenos dias tardes noches dia por favor porfa porfavor plis podria podrias podrian
      puedes puede podeis me nos quiero quisiera necesito necesitamos querria gustaria estimado estimada estimados
      ayuda ayudame ayudar ayudarme gracias una consulta duda oye perdon disculpe a ver y que soy estoy te le
      favor rapida`,
    make: `escribe escribeme escriba escribir haz hazme hacer haga crea creame crear cree genera generame
      generar redacta redactame redactar redacte dame deme necesito quiero prepara preparame preparar elabora
      elaborar ponme saca sacar saque programa desarrolla implementa compon monta hagame`,
    reword: `reescribe reescribir resume resumeme resumir resumen traduce traduceme traducir traducime corrige
      corrigeme corregir corregirme reformula reformular acorta acortar simplifica pasame paseme pasar adapta
      mejora pule parafrasea redacta redactame redactar redacte redacten traduc* correg* corrij* reescri* reformu*
      resumi*`,
    letter: `carta cartas correo correos mail nota notas mensaje respuesta acta invitacion aviso comunicado
      informe hoja folleto certificado solicitud queja circular parrafo texto instrucciones cartel whatsapp
      memorando resumen escrito reclamacion justificante alta derivacion evolutivo anuncio volante boletin`,
    tone: `tono formal amable educado cordial sencillo claro tecnicismos ortografia faltas gramatica lenguaje
      profesional llano comprensible respetuoso breve cercano empatico`,
    art: `poema poemas cuento cuentos historia cancion verso versos rima rimas lema eslogan chiste adivinanza
      personaje villano fabula leyenda monologo dialogo metafora novela parodia ficcion inventado inventada
      inventados inventa inventate inventame imagina imaginate invente mascota nana brindis juguemos disparatado
      absurdo relato microrrelato soneto haiku cancioncilla guion teatrillo trama dragon pirata hada duende
      conjuro estrofa estribillo copla gracioso divertido ridiculo poesia narra inventa* imagin* monolog cuentame
      humor`,
    names: 'nombre nombres titulo titulos lema apodo',
    program: `funcion funciones script consulta consultas expresion regular codigo programa macro formula
      formulas metodo bucle variable compilar excepcion excel hoja celda columna servidor json csv select tabla
      tablas clase sql base datos comando comandos linux terminal linea algoritmo depura depurar vista regex`,
    fix: `arregla arreglame arreglar arreglas corrige corregir depura depurar repara optimiza optimizar
      refactoriza falla fallando funciona solucionar soluciona arregl*`,
    bug: 'error errores fallo fallos falla bug excepcion funciona peta',
    evidence: `evidencia evidencias estudio estudios ensayo ensayos metaanalisis meta-analisis revision
      revisiones sistematica sistematicas literatura guia guias cochrane pubmed cita citas citar referencia
      referencias fuentes fuente bibliografia bibliografico articulos articulo publicado publicados publicaciones
      consenso recomendaciones recomiendan recomienda oms autores aleatorizado aleatorizados cohortes cientifica
      cientifico cientificos indexadas revista revistas sistema* bibliog* metaana* eviden*`,
    research:
      'investigacion investigaciones actuales actual recientes reciente actualidad publicado sabe ciencia ultimos',
    options: `opciones posibilidades ideas formas tipos maneras enfoques temas angulos alternativas categorias
      clases modelos caminos vias areas aspectos modalidades aplicaciones usos iniciativas cosas salidas posibil*
      alterna*`,
    open: `explora explorar panorama panoramica abanico amplio general existen existe hay lluvia abierta
      variedad diferentes distintas distintos diversas todo cualquier curiosidad vision mapa idea podria podrian
      hacerme orientarme empezar explor*`,
    decide: `mejor estrategia decidir decide decidete decision elegir elijo elegirias escoger conviene deberia
      deberiamos debo demuestra demostrar calcula calcular plan planifica planificar prioriza priorizar sopesa
      sopesar sopesando pros contras optimo justifica razona razonar razonadamente razonamiento diferencial
      probabilidad paso pasos barato rentable compensa ordena orden asumiendo argumenta deduce resuelve resolver
      planear porque convendria calcul* priori* estrat* demostr* razona* minimo`,
    judge: `analiza analizar analice interpreta interpretar compara comparar revisa revisar revise revisen mira
      mirar lee leer examina evalua evaluar juzga detecta identifica valora valorar comprueba comprobar audita
      anali* interp* compar* revis* evalu* coincid* contrad*`,
    material: `adjunto adjunta adjuntos siguiente siguientes estos estas este esta datos tabla registro
      registros resultados analitica informe tendencia patron patrones pego copio paso abajo encuesta respuestas
      listado extracto historial fichero valores constantes gasometria clausula contrato`,
    deictic: `este esta estos estas esto abajo adjunto adjunta adjuntos adjuntas siguiente siguientes arriba pegado`,
    document: `tabla registro registros grafico grafica informe informes analitica resultados lista listado contrato
      extracto factura encuesta encuestas respuestas historia historial electrocardiograma ecg texto datos hoja quejas
      cifras numeros valores documento archivo fichero gasometria versiones oferta ofertas notas radiografia`,
    asks: 'que cual cuales quien quienes donde cuando como cuanto cuantos',
    wh: 'que cual cuales quien quienes donde cuando como cuanto cuantos cuanta cuantas es son hay',
    fact: `significa significan capital definicion define sinonimo antonimo contrario plural equivale equivalen
      siglas cie codigo normal convertir convierte dosis rango dice escribe llama invento descubrio autor
      abreviatura signifi* equival* sigla fecha ano unidad`,
    measure: `kilos libras litros mililitros gramos gramo grados metros millas pulgadas pies cucharada
      cucharadas minutos horas dias semanas onzas euros`,
    greeting: 'hola buenas buenos gracias adios saludos',
    number: 'dos tres cuatro cinco seis siete ocho nueve diez',
    money: 'presupuesto coste costes precio euros sueldo alquiler hipoteca cuesta',
    people: 'paciente varon mujer hombre nino nina anos pte',
    limit: 'debe deben maximo minimo exactamente solo solamente sin salvo excepto menos antes evita limite',
    given: 'partir apuntes notas datos palabras pagina maximo lineas',
  },
  rules: {
    CODING: [
      [4, '@make funcion|script|consulta|macro|regex|sql|clase|bucle|select|query|formula|programa|codigo'],
      [4, 'expresion regular'],
      [4, 'en python|javascript|java|sql|bash|excel|vba|powershell|r|php|pandas|oracle|mysql'],
      [3, 'formula de|excel|para'],
      [3, 'encuentra|busca|hay|arregla error|fallo|bug en este|codigo|script'],
      [3, 'error|fallo|bug en este|esta|mi codigo|funcion|script|consulta'],
      [3, 'que hace este|esta|esa|ese codigo|regex|script|linea|consulta|funcion|comando|macro'],
      [3, 'me da error'],
      [3, '@fix script|consulta|codigo|funcion|macro|query'],
      [2, 'no funciona|compila|arranca'],
      [3, 'este|esta|mi|el|la codigo|script|consulta|funcion|bucle|programa|macro|comando'],
    ],
    REASONING: [
      [4, 'cual es mejor|optima|optimo estrategia|opcion|forma|manera|plan|orden'],
      [3, 'mejor estrategia|opcion|forma|manera|plan'],
      [3, 'paso a paso'],
      [3, 'pros contras'],
      [3, 'que haria|harias|hago|hacemos|deberia|conviene'],
      [3, 'como lo hago|hacemos|organizo|organizamos|reparto|plantearias|ordenaria'],
      [4, 'diagnostico diferencial'],
      [4, 'que le|les pasa|ocurre|sucede paciente|pte|mujer|hombre|nino|nina|enfermo|enferma|senor|senora'],
      [4, '^ demuestra|demostrar|razona|decide|planifica|calcula|prioriza'],
      [3, 'cual elijo|elegirias|conviene|me'],
      [3, 'merece|vale la pena'],
      [2, 'por que asi|y'],
      [2, 'a quien|cual primero|antes'],
      [2, 'debo|deberia|deberiamos'],
      [2, '@make plan|calendario|horario'],
      [2, 'quien|cual|que primero|antes|conviene'],
      [2, '^ @decide'],
    ],
    EXPLORATION: [
      [
        4,
        'que opciones|posibilidades|tipos|formas|maneras|ideas|alternativas|cosas|modelos|salidas|' +
          'temas hay|existen|se|podria',
      ],
      [3, 'que tipos|clases|formas|modelos|maneras de'],
      [4, 'lluvia de ideas'],
      [3, 'que hay|habria que saber|pensar|tener'],
      [3, 'que se puede|podria|podrian|suele|ha hacer|plantear'],
      [3, 'vision|idea|panoramica|mapa general'],
      [3, 'todo lo que'],
      [3, 'cuantas mas|ideas mejor'],
      [2, 'abanico|panorama|amplio'],
      [2, 'en general'],
      [3, '^ explora'],
      [3, 'hablame|cuentame de|todo|sobre'],
      [3, 'lista de temas|ideas|opciones|cosas'],
    ],
    WRITING: [
      [4, '^ @reword'],
      [4, '@make @letter'],
      [3, 'redact*'],
      [3, '@reword al|a|este|esta|esto|para'],
      [3, 'mas formal|corto|amable|sencillo|claro'],
      [3, 'a partir de'],
      [3, 'informe de alta'],
      [3, 'traduc* al|a'],
      [3, 'carta|correo|mensaje|nota|aviso a|al|para'],
      [2, 'lenguaje sencillo|claro|llano'],
      [2, 'tono'],
      [3, 'traduce|traduzca|traducir'],
      [3, 'hazlo|ponlo|pasalo|hazla mas|a|en|menos'],
    ],
    SIMPLE: [
      [3, 'que significa|significan'],
      [3, 'que quiere decir'],
      [3, 'cuantos|cuanto|cuantas @measure'],
      [3, '^ cuantos|cuanto|cuantas|cuanta'],
      [3, '^ capital'],
      [3, 'cual es capital|codigo|rango|valor|dosis|plural|sinonimo'],
      [3, 'como se dice|escribe|llama'],
      [2, '^ quien|cuando|donde es|fue|invento|descubrio|esta|se'],
      [2, 'a cuantos equivale'],
      [3, 'valores|rango normales|normal'],
      [2, '^ es|son'],
      [3, '^ hola|gracias|buenas|buenos'],
    ],
    ANALYSIS: [
      [4, '^ @judge'],
      [3, '@judge este|esta|estos|estas|los|las|el|la'],
      [4, 'te|le|les|os pego|copio|paso|adjunto|dejo|mando'],
      [3, 'pego|copio|adjunto'],
      [3, 'dime|diga|digame que|cuales|donde|cuando|si|quien'],
      [3, 'que valores|cambio|patron|tienen|falla'],
      [2, '@deictic @document'],
      [3, '^ @judge @document'],
      [3, 'busca|comprueba|hay interacciones'],
      [3, '^ revision medicacion|tratamiento|farmacos'],
      [2, '@document @deictic'],
      [2, '^ @wh @deictic @document'],
      [2, 'hay algo|algun|alguna que'],
      [2, 'segun los|el|la|estos datos|numeros|registro|tabla'],
    ],
    CREATIVE: [
      [4, '@make @art'],
      [4, '^ inventa|invent*|imagina|imaginate|cuentame|inventate'],
      [3, 'dame|hazme|necesito|quiero nombres|nombre|lema|titulo'],
      [3, '@make @names'],
      [3, 'nombre|nombres para'],
      [3, 'con rima|humor|gracia'],
      [3, 'en verso'],
    ],
    RESEARCH: [
      [4, 'que dice|dicen|recomienda|recomiendan evidencia|guias|estudios|literatura|oms|investigacion|sociedades'],
      [4, 'hay|existe|existen evidencia|estudios|ensayos|metaanalisis|publicado'],
      [4, 'que estudios|evidencia|ensayos'],
      [4, 'revision|revisiones sistematica|sistematicas|bibliografica'],
      [4, 'con referencias|citas|fuentes|bibliografia'],
      [3, 'que se sabe'],
      [3, 'estado actual|arte'],
      [3, 'evidencia sobre|de|para|cientifica'],
      [3, 'busca|busco|buscame|necesito estudios|articulos|bibliografia|evidencia|referencias|literatura|ensayos'],
    ],
  },
}
