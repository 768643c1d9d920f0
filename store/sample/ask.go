package sample

// Questions returns three things to ask about the sample company, in English.
func Questions() []string {
	return []string{
		"Which active projects are past their due date, who manages them, and how many of their tasks are still open?",
		"Who has the most open tasks due this week, and how many hours of work are left on them?",
		"How do logged hours compare with the estimates, by team, for tasks finished in the last 30 days?",
	}
}

// Queries returns SQL that answers Questions, in the same order.
func Queries() []string {
	return []string{
		`SELECT p.name, o.name AS organization, m.name AS manager, p.due_date, current_date - p.due_date AS days_late,
       count(*) FILTER (WHERE t.status IN ('todo', 'in_progress', 'review')) AS open_tasks
FROM projects p
JOIN organizations o ON o.id = p.organization_id
JOIN users m ON m.id = p.manager_id
JOIN tasks t ON t.project_id = p.id
WHERE p.status = 'active' AND p.due_date < current_date
GROUP BY p.id, p.name, o.name, m.name, p.due_date
ORDER BY days_late DESC, p.name`,
		`SELECT u.name, count(*) AS open_tasks, sum(greatest(t.estimated_hours - t.actual_hours, 0)) AS hours_left
FROM tasks t
JOIN users u ON u.id = t.assigned_to
WHERE t.status IN ('todo', 'in_progress', 'review')
  AND t.due_date >= date_trunc('week', current_date)::date
  AND t.due_date < date_trunc('week', current_date)::date + 7
GROUP BY u.id, u.name
ORDER BY open_tasks DESC, hours_left DESC, u.name
LIMIT 10`,
		`SELECT o.name AS studio, tm.name AS team, count(*) AS tasks, sum(t.estimated_hours) AS estimated, sum(t.actual_hours) AS logged,
       round(100 * sum(t.actual_hours) / sum(t.estimated_hours)) AS percent
FROM tasks t
JOIN projects p ON p.id = t.project_id
JOIN teams tm ON tm.id = p.team_id
JOIN organizations o ON o.id = tm.organization_id
WHERE t.status = 'done' AND t.completed_at >= now() - interval '30 days'
GROUP BY o.name, tm.name
ORDER BY percent DESC, o.name, tm.name`,
	}
}
