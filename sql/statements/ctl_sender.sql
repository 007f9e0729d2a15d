-- What the clerk would know of a sender ($1 phone): home, when exactly one household fits, and language.
select h.community_id as home_community, h.building as home_building,
       coalesce((select c.language from hailan.contact c where c.number = $1::text),
                (select min(pe.language) from hailan.phone p join hailan.person pe on pe.id = p.person_id where p.number = $1::text)) as language
  from (select 1) one left join (select min(h.community_id) as community_id, min(h.building) as building
          from hailan.phone p join hailan.resident r on r.person_id = p.person_id join hailan.household h on h.id = r.household_id
         where p.number = $1::text having count(distinct h.id) = 1) h on true
