from dashboards import plots


def models(item):
    """Every model reference of a JSON item, by type name."""
    found = []

    def walk(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                found.append(node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(item["doc"])
    return found


def test_plots_show_neither_toolbar_nor_logo():
    for item in plots.items().values():
        figure = next(model for model in models(item) if model["name"] == "Figure")
        toolbar = next(model for model in models(item) if model["name"] == "Toolbar")
        assert figure["attributes"]["toolbar_location"] is None
        assert toolbar["attributes"]["logo"] is None


def test_plots_share_one_source_between_area_and_line_and_hold_no_data():
    for item in plots.items().values():
        sources = [model for model in models(item) if model["name"] == "ColumnDataSource"]
        assert len(sources) == 1
        columns = dict(sources[0]["attributes"]["data"]["entries"])
        assert columns == {"time": [], "value": [], "area": []}
