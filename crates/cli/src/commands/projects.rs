//! `runlake projects`: the projects of an entity.

use runlake::Api;
use runlake_types::Json;

use crate::arguments::run::Projects;
use crate::connection::connect;
use crate::exit_code;
use crate::format::print_sheet;
use crate::sheet::Sheet;

pub(crate) async fn projects(options: &Projects) -> anyhow::Result<u8> {
    let api = Api::new(connect(&options.connection)?);
    let mut sheet = Sheet::new(&["entity", "project", "created_at", "url"]);
    for project in api.projects(options.entity.as_deref()).await? {
        let created_at = project.created_at.map_or(Json::Null, |at| Json::from(at.to_string()));
        let url = project.path.page_url(&api.pages_url());
        sheet.rows.push(vec![Json::from(project.path.entity), Json::from(project.path.project), created_at, Json::from(url)]);
    }
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}
