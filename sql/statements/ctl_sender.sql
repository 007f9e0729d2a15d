-- What the clerk would know of a sender ($1 phone): home, when exactly one household fits, and language.
select (select min(h.community_id)
          from hailan.phone p join hailan.resident r on r.person_id = p.person_id join hailan.household h on h.id = r.household_id
         where p.number = $1::text having count(distinct h.id) = 1) as home_community,
       coalesce((select c.language from hailan.contact c where c.number = $1::text),
                (select min(pe.language) from hailan.phone p join hailan.person pe on pe.id = p.person_id where p.number = $1::text)) as language
