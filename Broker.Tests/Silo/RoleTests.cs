using System.Text.RegularExpressions;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Silo;

/// <summary>Each role of the executable: what it says, what it loads, and that many run side by side.</summary>
[Collection(QuietCollection.Name)]
public sealed partial class RoleTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_broker_tells_its_start_in_a_few_lines_and_warns_of_nothing()
    {
        string[] lines = await LinesOfAsync(addresses: 2, "nsqd", "--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0");
        Assert.Collection(
            lines,
            line => Assert.Equal($"INFO: data path {_folder.Path} opened, 0 topics", line),
            line => Assert.StartsWith("INFO: nsqd v", line),
            line => Assert.StartsWith("INFO: Broker ", line),
            line => Assert.StartsWith("INFO: ID: ", line),
            line => Assert.Equal($"INFO: messages in files, data path {_folder.Path}", line),
            line => Assert.StartsWith("INFO: TCP: listening on 127.0.0.1:", line),
            line => Assert.StartsWith("INFO: HTTP: listening on 127.0.0.1:", line),
            line => Assert.Matches("^INFO: Ready. To publish: curl -d '{\"id\":1}' 'http://127.0.0.1:[0-9]+/pub\\?topic=orders'$", line));
    }

    [Fact]
    public async Task A_broker_that_serves_everything_warns_of_nothing() => await LinesOfAsync(
        addresses: 5,
        "--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0", "--discovery-tcp-address=127.0.0.1:0", "--discovery-http-address=127.0.0.1:0",
        "--admin-http-address=127.0.0.1:0");

    [Theory]
    [InlineData("nsqlookupd", "--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0")]
    [InlineData("nsqadmin", "--http-address=127.0.0.1:0")]
    public async Task A_role_without_topics_loads_nothing_of_Orleans_and_warns_of_nothing(params string[] arguments)
    {
        bool isAdmin = arguments[0] == "nsqadmin";
        await using RoleProcess? node = isAdmin
            ? await RoleProcess.StartAsync(_folder.Path, addresses: 2, "nsqlookupd", "--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0")
            : null;
        if (node is not null) arguments = [.. arguments, $"--lookupd-http-address={node.Lines.Last(line => line.Contains("listening on")).Split(' ')[^1]}"];
        await using RoleProcess role = await RoleProcess.StartAsync(_folder.Path, arguments.Count(argument => argument.EndsWith(":0", StringComparison.Ordinal)), arguments);
        Assert.DoesNotContain(role.Assemblies, file => file.Contains("Orleans", StringComparison.Ordinal));
        Assert.Equal(0, await role.TerminateAsync());
        AssertWarnsOfNothing(role);
    }

    [Fact]
    public async Task A_silo_of_a_cluster_and_a_gateway_by_itself_warn_of_nothing()
    {
        string[] database = [$"--postgres={(await PostgresServer.SharedAsync()).ConnectionString}", $"--postgres-schema={TestStorage.NewSchema()}_roles"];
        string[] served = ["--tcp-address=127.0.0.1:0", "--http-address="];
        await using RoleProcess silo = await RoleProcess.StartAsync(
            _folder.Path, addresses: 1, ["nsqd", "--storage=postgres", .. database, .. served, .. SiloPorts.FlagsWithGateway()]);
        await using RoleProcess gateway = await RoleProcess.StartAsync(_folder.Path, addresses: 1, ["gateway", .. database, .. served]);
        Assert.Equal(0, await gateway.TerminateAsync());
        Assert.Equal(0, await silo.TerminateAsync());
        AssertWarnsOfNothing(gateway);
        AssertWarnsOfNothing(silo);
        Assert.Contains(Told(silo), line => line.StartsWith("INFO: cluster broker, silo port ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Brokers_start_side_by_side_without_a_flag_for_it()
    {
        const int brokers = 4;
        DataFolder[] folders = [.. Enumerable.Range(0, brokers).Select(_ => new DataFolder())];
        RoleProcess[] all = await Task.WhenAll(folders.Select(folder =>
            RoleProcess.StartAsync(folder.Path, addresses: 1, "nsqd", "--tcp-address=127.0.0.1:0", "--http-address=")));
        foreach (RoleProcess broker in all) await broker.DisposeAsync();
        foreach (DataFolder folder in folders) folder.Dispose();
    }

    [Fact]
    public async Task A_broker_by_itself_listens_for_its_clients_alone()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        Assert.Equal([broker.TcpEndPoint.Port], broker.ListeningPorts);
    }

    [Fact]
    public async Task A_second_broker_on_a_data_path_is_refused_in_one_sentence()
    {
        await using RoleProcess first = await RoleProcess.StartAsync(_folder.Path, addresses: 1, "nsqd", "--tcp-address=127.0.0.1:0", "--http-address=");
        (int exitCode, IReadOnlyList<string> lines) = await RoleProcess.RunAsync(_folder.Path, "nsqd", "--tcp-address=127.0.0.1:0", "--http-address=");
        Assert.Equal(2, exitCode);
        Assert.Equal($"Broker.Silo: data path {_folder.Path} is in use by process {first.Id}", Assert.Single(lines));
    }

    [GeneratedRegex(@"^\[\w+\] \d{4}/\d\d/\d\d \S+ (.*)$")]
    private static partial Regex Line();

    // What it says from its start on, and until its end nothing above INFO.
    private async Task<string[]> LinesOfAsync(int addresses, params string[] arguments)
    {
        await using RoleProcess role = await RoleProcess.StartAsync(_folder.Path, addresses, arguments);
        // It says so after the last address.
        await Eventually.TrueAsync(() => Told(role).Any(line => line.StartsWith("INFO: Ready", StringComparison.Ordinal)));
        string[] lines = Told(role);
        Assert.Equal(0, await role.TerminateAsync());
        AssertWarnsOfNothing(role);
        return lines;
    }

    // The database of the tests is one that the broker does warn of.
    private static void AssertWarnsOfNothing(RoleProcess role) => Assert.Equal("", string.Join(
        '\n',
        Told(role).Where(line => !line.StartsWith("INFO: ", StringComparison.Ordinal) && !line.StartsWith("WARNING: PostgreSQL runs with fsync = off", StringComparison.Ordinal))));

    private static string[] Told(RoleProcess role) => [.. role.Lines.Select(line => Line().Match(line) is { Success: true } match ? match.Groups[1].Value : line)];
}
