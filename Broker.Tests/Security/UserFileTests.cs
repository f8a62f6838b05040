using System.Text;
using Broker.Gateway.Security;
using Broker.Tests.Gateway;
using Broker.Tests.Simulation;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Security;

public sealed class UserFileTests : IDisposable
{
    private readonly Running.DataFolder _folder = new();
    private readonly VirtualTimeProvider _clock = new();

    private string Path => System.IO.Path.Combine(_folder.Path, "users.json");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task A_user_of_the_file_does_what_the_file_allows(int iterations)
    {
        Write(User("orders", "s3cret:with colon", iterations, "^orders$", "publish"));
        await using RunningGateway server = await StartAsync();
        for (int i = 0; i < 2; i++)
        {
            using NsqSocket client = await server.ConnectAsync();
            await client.SendAsync("AUTH\n" + Sized("orders:s3cret:with colon"));
            await client.ExpectAsync("""{"identity":"orders","identity_url":"","permission_count":1}""");
            await client.SendAsync("PUB orders\n" + Sized("x"));
            await client.ExpectAsync("OK");
            await client.SendAsync("SUB orders c\n");
            await client.ExpectErrorAsync("E_UNAUTHORIZED AUTH failed for SUB on \"orders\" \"c\"");
        }
    }

    [Theory]
    [InlineData("orders:wrong")]
    [InlineData("orders:")]
    [InlineData("orders")]
    [InlineData("nobody:secret")]
    [InlineData(":secret")]
    [InlineData("secret")]
    public async Task Nobody_else_is_let_in(string secret)
    {
        Write(User("orders", "secret", 0, ".*", "publish"));
        await using RunningGateway server = await StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("AUTH\n" + Sized(secret));
        await client.ExpectErrorAsync("E_AUTH_FAILED AUTH failed");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Who_is_taken_out_of_the_file_is_out_and_a_broken_file_changes_nothing()
    {
        Write(User("a", "secret", 0, ".*", "publish"), User("b", "secret", 0, ".*", "publish"));
        await using RunningGateway server = await StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("IDENTIFY\n" + Sized("{\"heartbeat_interval\":-1}") + "AUTH\n" + Sized("a:secret"));
        await client.ExpectAsync("OK");
        await client.ReadFrameAsync();

        File.WriteAllText(Path, "{\"users\":[{}]}");
        _clock.Advance(TimeSpan.FromSeconds(31));
        await client.SendAsync("PUB t\n" + Sized("x"));
        await client.ExpectAsync("OK");

        Write(User("b", "secret", 0, ".*", "publish"));
        _clock.Advance(TimeSpan.FromSeconds(25));
        await client.SendAsync("PUB t\n" + Sized("x"));
        await client.ExpectAsync("OK");
        _clock.Advance(TimeSpan.FromSeconds(6));
        await client.SendAsync("PUB t\n" + Sized("x"));
        await client.ExpectErrorAsync("E_AUTH_FAILED AUTH failed");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{\"users\":[{\"name\":\"a\"}]}")]
    [InlineData("{\"users\":[{\"name\":\"a\",\"secret_hash\":\"plain\"}]}")]
    [InlineData("{\"users\":[{\"name\":\"a\",\"secret_hash\":\"pbkdf2-sha256$1$AAAA$AAAA\"}]}")]
    public async Task A_file_that_cannot_be_used_stops_the_start(string text)
    {
        File.WriteAllText(Path, text);
        UserFileException refusal = await Assert.ThrowsAsync<UserFileException>(StartAsync);
        Assert.StartsWith($"auth-file: {Path} cannot be used: ", refusal.Message);
        Assert.DoesNotContain("plain", refusal.Message);
    }

    [Fact]
    public void A_hash_survives_the_file_and_matches_its_secret_only()
    {
        foreach (int iterations in (int[])[0, 100_000])
        {
            SecretHash hash = SecretHash.Parse(SecretHash.Of("open sesame"u8, iterations).ToFileText());
            Assert.True(hash.Matches("open sesame"u8));
            Assert.False(hash.Matches("open sesame "u8));
            Assert.False(hash.Matches(""u8));
        }
    }

    [Theory]
    [InlineData("an old shoe\n", "hash-secret")]
    [InlineData("", "hash-secret", "--generate")]
    public async Task A_hash_that_the_command_makes_lets_its_secret_in(string input, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        using StringReader reader = new(input);
        Broker.Silo.CommandLine.BrokerProgram program = new(Fail, Fail, Fail, Fail, new Dictionary<string, string>(), reader, output, error);
        Assert.Equal(0, await program.RunAsync(arguments));
        string[] lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        string secret = input.Length > 0 ? input.TrimEnd('\n') : lines[0];
        Assert.True(secret.Length >= 11);
        Assert.Equal(input.Length > 0, SecretHash.Parse(lines[^1]).IsSlow);
        Write($$"""{"name":"a","secret_hash":"{{lines[^1]}}","authorizations":[{"topic":".*","channels":[".*"],"permissions":["publish"]}]}""");
        await using RunningGateway server = await StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("AUTH\n" + Sized($"a:{secret}"));
        await client.ExpectAsync("""{"identity":"a","identity_url":"","permission_count":1}""");
        using NsqSocket other = await server.ConnectAsync();
        await other.SendAsync("AUTH\n" + Sized($"a:{secret}."));
        await other.ExpectErrorAsync("E_AUTH_FAILED AUTH failed");

        static Task Fail(Broker.Silo.Settings.BrokerSettings settings, CancellationToken cancellation) => throw new InvalidOperationException();
    }

    [Fact]
    public async Task Without_a_secret_there_is_no_hash() =>
        Assert.StartsWith("hash-secret: write the secret to standard input", await Silo.ProgramRun.ComplaintOfAsync("hash-secret"));

    [Fact]
    public void Credentials_do_not_tell_their_secret() =>
        Assert.Equal("credentials of 10.0.0.1", $"{new Credentials("hush"u8.ToArray(), "10.0.0.1", true, "")}");

    private static string User(string name, string secret, int iterations, string topic, string permission) =>
        $$"""
        {"name":"{{name}}","secret_hash":"{{SecretHash.Of(Encoding.UTF8.GetBytes(secret), iterations).ToFileText()}}",
         "authorizations":[{"topic":"{{topic}}","channels":[".*"],"permissions":["{{permission}}"]}]}
        """;

    private void Write(params string[] users) => File.WriteAllText(Path, $"{{\"users\":[{string.Join(',', users)}]}}");

    private Task<RunningGateway> StartAsync() => RunningGateway.StartAsync(_clock, options => options.Auth.File = Path);
}
