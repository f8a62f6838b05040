using Broker.Tests.Running;
using Microsoft.Playwright;

namespace Broker.Tests.Admin;

/// <summary>A page in the browser. When it is closed, it must have logged no error and asked no other host for anything.</summary>
internal sealed class AdminPage : IAsyncDisposable
{
    private const string Violations =
        """
        axe.run(document, { resultTypes: ['violations'] }).then(run => run.violations.flatMap(found => found.nodes.map(node => `${location.pathname}: ${found.id}: ${node.html}`)))
        """;

    // In the middle only the layout differs.
    private static readonly (int Width, ColorScheme? Scheme)[] Screens =
    [
        (1280, ColorScheme.Light), (1280, ColorScheme.Dark), (768, null), (390, ColorScheme.Dark), (390, ColorScheme.Light),
    ];

    private static readonly Lazy<string> Axe = new(static () => File.ReadAllText(Solution.PathOf("Broker.Tests/NodeClient/node_modules/axe-core/axe.min.js")));

    private readonly string _home;
    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];
    private readonly List<string> _strangers = [];

    public AdminPage(string home, IBrowserContext context, IPage page)
    {
        _home = home;
        _context = context;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") Add(_errors, $"{message.Type}: {message.Text} ({message.Location})");
        };
        page.PageError += (_, error) => Add(_errors, error);
        page.RequestFailed += (_, request) =>
        {
            // A page that is left takes its event stream with it.
            if (request.Failure is not "net::ERR_ABORTED") Add(_errors, $"{request.Url}: {request.Failure}");
        };
        context.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(home + "/", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) Add(_strangers, request.Url);
        };
    }

    public IPage Page { get; }

    /// <summary>Errors that the test expects: forgotten.</summary>
    public void ForgetErrors()
    {
        lock (_errors) _errors.Clear();
    }

    /// <summary>Opens a page of the site and gives its status.</summary>
    public async Task<int> GoAsync(string path) => (await Page.GotoAsync(_home + path, new PageGotoOptions { WaitUntil = WaitUntilState.Load }))!.Status;

    /// <summary>Clicks a link or a button by its accessible name.</summary>
    public async Task ClickAsync(AriaRole role, string name) =>
        await Page.GetByRole(role, new PageGetByRoleOptions { Name = name, Exact = true }).ClickAsync();

    /// <summary>Waits until the page shows a text.</summary>
    public async Task SeeAsync(string text) => await Assertions.Expect(Page.Locator("main")).ToContainTextAsync(text);

    /// <summary>Waits until something that changes by itself has a value.</summary>
    public async Task SeeLiveAsync(string key, string value) =>
        await Assertions.Expect(Page.Locator($"[data-live=\"{key}\"]").First).ToHaveTextAsync(value);

    /// <summary>Looks at the page on each screen: it must fit, and axe-core must find nothing wrong.</summary>
    /// <param name="also">What must hold on each screen as well.</param>
    public async Task MustServeEverybodyAsync(Func<Task>? also = null)
    {
        await Page.EvaluateAsync(Axe.Value);
        foreach ((int width, ColorScheme? scheme) in Screens)
        {
            await Page.SetViewportSizeAsync(width, 800);
            if (scheme is not null) await Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
            Assert.True(await Page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, $"{Page.Url} is wider than {width}");
            if (scheme is not null) Assert.Empty(await Page.EvaluateAsync<string[]>(Violations));
            if (also is not null) await also();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        lock (_errors) Assert.Empty(_errors);
        lock (_strangers) Assert.Empty(_strangers);
    }

    private static void Add(List<string> list, string text)
    {
        lock (list) list.Add(text);
    }
}
