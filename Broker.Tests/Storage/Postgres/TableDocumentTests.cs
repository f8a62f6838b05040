using System.Text.RegularExpressions;
using Broker.Tests.Running;

namespace Broker.Tests.Storage.Postgres;

/// <summary><c>docs/formats.md</c> names the tables and columns that the store in PostgreSQL makes.</summary>
public sealed partial class TableDocumentTests
{
    [Fact]
    public async Task The_document_names_each_column_and_its_type()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        await stores.OpenAsync();
        string made = await stores.AskAsync<string>(
            """
            select string_agg(table_name || '.' || column_name || ' ' || data_type || case is_nullable when 'YES' then ', or null' else '' end, chr(10))
            from information_schema.columns where table_schema = '$' and table_name <> 'generations'
            """);

        Assert.Equal(made.Split('\n').Order(StringComparer.Ordinal), (await DocumentedAsync()).Order(StringComparer.Ordinal));
    }

    private static async Task<List<string>> DocumentedAsync()
    {
        List<string> columns = [];
        string table = "";
        foreach (Match line in Line().Matches(await File.ReadAllTextAsync(Solution.PathOf("docs/formats.md"))))
        {
            if (line.Groups["table"].Success)
                table = line.Groups["table"].Value;
            else
                columns.Add($"{table}.{line.Groups["column"].Value} {line.Groups["type"].Value}");
        }
        return columns;
    }

    [GeneratedRegex(@"^(?:### Table `(?<table>\w+)`|\| `(?<column>\w+)` \| (?<type>(?:integer|bigint|boolean|text|bytea|jsonb|timestamp with time zone)(?:, or null)?) \|.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
