"""Activities that have all that IATI knows, in the form of 2.03 and in that of 1.0x."""

EVERYTHING = """<iati-activity xmlns:x="urn:publisher" xml:lang="fr" default-currency="EUR"
 hierarchy="2" humanitarian="0" linked-data-uri="https://example.org/1" budget-not-provided="1"
 x:reviewed="yes" last-updated-datetime="2025-01-01T00:00:00">
<iati-identifier>BE-1-9</iati-identifier>
<reporting-org ref="BE-1" type="10" secondary-reporter="0"><narrative>Coopération belge</narrative>
<narrative xml:lang="en">Belgian Cooperation</narrative></reporting-org>
<title><narrative>Refuges</narrative><narrative xml:lang="en">Shelters</narrative></title>
<description type="1"><narrative>Deux refuges.</narrative><x:note>interne</x:note></description>
<description type="2"><narrative>Objectifs.</narrative></description>
<description type="3"><narrative>Victimes.</narrative></description>
<participating-org role="1" ref="BE-1" type="10" activity-id="BE-1-8" crs-channel-code="47066">
<narrative>Coopération belge</narrative><narrative xml:lang="en">Belgian Cooperation</narrative>
</participating-org>
<participating-org role="4" type="22"><narrative>La Strada</narrative></participating-org>
<other-identifier ref="9" type="A1"><owner-org ref="BE-1"><narrative>DGD</narrative></owner-org>
</other-identifier>
<other-identifier ref="BE-10-9" type="A3"/>
<activity-status code="2"/>
<activity-date type="1" iso-date="2024-12-01"><narrative>Début prévu</narrative></activity-date>
<activity-date type="2" iso-date="2025-01-15"/>
<activity-date type="3" iso-date="2026-12-31Z"/>
<contact-info type="2"><organisation><narrative>DGD</narrative></organisation>
<department><narrative>D2</narrative></department><person-name><narrative>Bureau</narrative>
</person-name><job-title><narrative>Gestion</narrative></job-title><telephone>1</telephone>
<telephone>2</telephone><email>a@example.org</email><website>https://example.org</website>
<mailing-address><narrative>Rue 1</narrative></mailing-address></contact-info>
<contact-info type="1"><email>b@example.org</email></contact-info>
<activity-scope code="4"/>
<recipient-country code="MD" percentage="33.33333"><narrative>Moldavie</narrative>
</recipient-country><recipient-country code="XK" percentage="6.6"/>
<recipient-region code="89" vocabulary="1" percentage="60"/>
<location ref="AF-KAN"><location-reach code="1"/><location-id vocabulary="G1" code="1453782"/>
<name><narrative>Chisinau</narrative></name><description><narrative>Ville</narrative></description>
<activity-description><narrative>Refuge</narrative></activity-description>
<administrative vocabulary="G1" level="1" code="1453782"/>
<point srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><pos>47.0 28.8</pos></point>
<exactness code="1"/><location-class code="2"/><feature-designation code="PPLQ"/></location>
<location><point srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><pos>1 2</pos></point>
</location>
<sector vocabulary="1" code="15160" percentage="50"><narrative>Droits</narrative></sector>
<sector vocabulary="99" vocabulary-uri="https://example.org/s" code="A1" percentage="50"/>
<tag vocabulary="99" vocabulary-uri="https://convene.example/codelists#pillars" code="protection"/>
<tag vocabulary="99" vocabulary-uri="https://convene.example/codelists#measures" code="PROT-99"/>
<tag vocabulary="3" code="8.7"><narrative>Travail forcé</narrative></tag>
<country-budget-items vocabulary="4"><budget-item code="1.1.1" percentage="100">
<description><narrative>Poste</narrative></description></budget-item></country-budget-items>
<humanitarian-scope type="1" vocabulary="1-2" code="EQ-2015-000048-NPL"/>
<policy-marker vocabulary="1" code="2" significance="3"><narrative>Genre</narrative></policy-marker>
<collaboration-type code="1"/><default-flow-type code="10"/><default-finance-type code="110"/>
<default-aid-type code="A01"/><default-aid-type code="1" vocabulary="2"/>
<default-tied-status code="3"/>
<budget type="1" status="1"><period-start iso-date="2025-01-01"/><period-end iso-date="2025-12-31"/>
<value currency="EUR" value-date="2025-01-01">3000</value></budget>
<planned-disbursement type="1"><period-start iso-date="2025-01-01"/>
<period-end iso-date="2025-06-30"/><value currency="EUR" value-date="2025-01-01">1500</value>
<provider-org provider-activity-id="BE-1-1" type="10" ref="BE-1"/>
<receiver-org receiver-activity-id="MD-1" type="22" ref="MD-2"/></planned-disbursement>
<capital-spend percentage="8.8"/>
<transaction ref="1" humanitarian="1"><transaction-type code="2"/>
<transaction-date iso-date="2025-01-01"/><value currency="EUR" value-date="2025-01-01">3000</value>
<description><narrative>Engagement</narrative></description><provider-org ref="BE-1" type="10"/>
<receiver-org ref="MD-2" type="22"><narrative>La Strada</narrative></receiver-org>
<disbursement-channel code="1"/><sector vocabulary="2" code="151"/>
<recipient-region code="151" vocabulary="2"/><flow-type code="10"/><finance-type code="110"/>
<aid-type code="A01"/><tied-status code="3"/></transaction>
<transaction><transaction-type code="3"/><transaction-date iso-date="2025-02-01"/>
<value value-date="2025-02-01">100</value></transaction>
<document-link format="application/pdf" url="papers/1.pdf"><title><narrative>Rapport</narrative>
</title><description><narrative>Annuel</narrative></description><category code="B01"/>
<language code="fr"/><document-date iso-date="2025-02-05"/></document-link>
<document-link format="text/html" url="https://example.org/p"><title><narrative>Page</narrative>
</title><category code="A12"/></document-link>
<related-activity ref="BE-1-1" type="1"/><related-activity ref="SE-0-1" type="5"/>
<legacy-data name="Project Status" value="7" iati-equivalent="activity-status"/>
<conditions attached="1"><condition type="1"><narrative>Rapport</narrative></condition></conditions>
<result type="1" aggregation-status="1"><title><narrative>Places</narrative></title>
<description><narrative>Lits</narrative></description>
<document-link format="text/html" url="https://example.org/r"><title><narrative>R</narrative>
</title><category code="A01"/></document-link>
<reference vocabulary="99" code="1" vocabulary-uri="https://example.org/v"/>
<indicator measure="1" ascending="1" aggregation-status="1"><title><narrative>Lits</narrative>
</title><reference vocabulary="1" code="2" indicator-uri="https://example.org/i"/>
<baseline year="2024" iso-date="2024-01-01" value="10"><location ref="AF-KAN"/>
<dimension name="sex" value="female"/><comment><narrative>Avant</narrative></comment></baseline>
<period><period-start iso-date="2025-01-01"/><period-end iso-date="2025-12-31"/>
<target value="20"><dimension name="sex" value="female"/></target>
<actual value="21"><comment><narrative>Fait</narrative></comment></actual></period></indicator>
</result>
<crs-add><other-flags code="1" significance="1"/><loan-terms rate-1="4" rate-2="3">
<repayment-type code="1"/><repayment-plan code="4"/><commitment-date iso-date="2013-09-01"/>
<repayment-first-date iso-date="2014-01-01"/><repayment-final-date iso-date="2020-12-31"/>
</loan-terms><loan-status year="2014" currency="GBP" value-date="2013-05-24">
<interest-received>200</interest-received></loan-status><channel-code>21039</channel-code></crs-add>
<fss extraction-date="2014-05-06" priority="1" phaseout-year="2016">
<forecast year="2014" value-date="2013-07-03" currency="GBP">3000</forecast></fss>
<x:extension a="1"><x:inner>tout</x:inner></x:extension>
</iati-activity>
"""
"""Valid in 2.03."""

OLD = """<iati-activity xml:lang="en" default-currency="GBP" hierarchy="">
<participating-org ref="GB" type="10" role="Funding">UNITED KINGDOM</participating-org>
<participating-org ref="21016" type="INGO" role="Implementing" xml:lang="en">Red Cross
</participating-org>
<reporting-org ref="GB-1" type="Government">DFID</reporting-org>
<other-identifier owner-ref="GB-1" owner-name="DFID">201217</other-identifier>
<iati-identifier>GB-1-201217</iati-identifier>
<title>Typhoon</title><title xml:lang="fr">Typhon</title>
<description type="General">Relief.</description>
<description type="General" xml:lang="fr">Secours.</description>
<description type="Objectives">Shelter for all.</description>
<activity-date type="start-actual" iso-date="2009-10-16">2009-10-16</activity-date>
<activity-date type="end-planned" iso-date="2010-12-31">end of the year</activity-date>
<activity-date type="start-planned">2009-10-01</activity-date>
<activity-status code="4">Post-completion</activity-status>
<contact-info><mailing-address>Glasgow</mailing-address><telephone>+44</telephone>
<email>enquiry@example.org</email><organisation>DFID</organisation></contact-info>
<recipient-country code="PH" percentage="100" xml:lang="en">PHILIPPINES</recipient-country>
<location><name>Luzon</name><coordinates latitude="15.9" longitude="120.3" precision="2"/>
<location-type code="ADM1"/><administrative country="PH">Philippines</administrative>
<gazetteer-entry gazetteer-ref="GEO">1705965</gazetteer-entry></location>
<location percentage="40"><name>Manila</name>
<gazetteer-entry gazetteer-ref="NGA">x</gazetteer-entry>
<administrative country="PH" adm1="00">Manila</administrative></location>
<sector vocabulary="DAC" code="72010">Relief</sector>
<policy-marker code="1" vocabulary="DAC" significance="0">Gender Equality</policy-marker>
<policy-marker code="" vocabulary="" significance=""/>
<default-aid-type code="C01">Project-type</default-aid-type><default-flow-type code=""/>
<budget type="Original"><value currency="GBP">250000</value>
<period-end iso-date="2010-03-31"/><period-start iso-date="2009-04-01"/></budget>
<planned-disbursement updated="2010-01-01"><period-start iso-date="2009-04-01"/>
<value value-date="2009-10-09">5</value></planned-disbursement>
<transaction><value value-date="2009-10-09">250000</value><transaction-type code="C">Commitment
</transaction-type><transaction-date iso-date="2009-10-09">Total to March</transaction-date>
<receiver-org ref="">Red Cross</receiver-org><provider-org ref="GB-1">DFID</provider-org>
<aid-type code=""/></transaction>
<transaction><value value-date="2009-11-09">10</value><transaction-type code="D"/></transaction>
<activity-website>http://example.org/2</activity-website>
<document-link url="http://example.org/3" format="application/pdf"><category code="A08">Results
</category><title>Review</title><title xml:lang="fr">Revue</title><language code="en">English
</language></document-link>
<related-activity ref="GB-1-2" type="2">Part one</related-activity>
<conditions attached="1"><condition type="1">Report</condition></conditions>
<result type="Output"><description>Tents</description><title>Shelter</title>
<indicator measure="Unit"><title>Tents</title>
<baseline year="2009" value="0"><comment>none</comment></baseline>
<period><period-end iso-date="2010-01-01"/><period-start iso-date="2009-01-01"/>
<target value="5"/></period></indicator></result>
<crs-add><aidtype-flag code="1" significance="1">Free</aidtype-flag></crs-add>
<legacy-data name="a" value="b" iati-equivalent="sector"/>
<x:own xmlns:x="urn:publisher">kept</x:own>
</iati-activity>
"""
"""As files of 1.02 have it."""
