namespace Broker.Admin;

/// <summary>The streams: some of the topics, filtered, sorted and a page at a time.</summary>
public sealed class TopicsModel
{
    /// <summary>Topics on a page.</summary>
    public const int PageSize = 50;

    /// <param name="sample">All topics.</param>
    /// <param name="history">Their last hour.</param>
    /// <param name="filter">Part of the names that are wanted; empty for all.</param>
    /// <param name="sort">Name of a column, behind a minus for the other way round.</param>
    /// <param name="page">Number of the page, from 1.</param>
    /// <param name="address">host:port that one publishes to, for the commands that are shown; null when there is none.</param>
    public TopicsModel(ClusterSample sample, FigureHistory history, string filter, string sort, int page, string? address)
    {
        Sample = sample;
        History = history;
        Filter = filter;
        Address = address;
        Deaths = DeathToll.Of(sample, history);
        IsReversed = sort.StartsWith('-');
        Order = TopicOrder.All.FirstOrDefault(order => order.Name == sort.TrimStart('-')) ?? TopicOrder.All[0];
        TopicSample[] matching = [.. sample.Topics.Where(topic => topic.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        Matching = matching.Length;
        Pages = Math.Max(1, (matching.Length + PageSize - 1) / PageSize);
        Page = Math.Clamp(page, 1, Pages);
        IEnumerable<TopicSample> sorted = Order.Sort(matching);
        Topics = [.. (IsReversed ? sorted.Reverse() : sorted).Skip((Page - 1) * PageSize).Take(PageSize)];
    }

    public ClusterSample Sample { get; }

    public FigureHistory History { get; }

    /// <summary>The channels that have given messages up in the last hour, those with the most first.</summary>
    public IReadOnlyList<DeathToll> Deaths { get; }

    public string Filter { get; }

    public string? Address { get; }

    /// <summary>The column that they are sorted by.</summary>
    public TopicOrder Order { get; }

    /// <summary>Whether they are sorted the other way round.</summary>
    public bool IsReversed { get; }

    /// <summary>Topics that the filter lets through.</summary>
    public int Matching { get; }

    /// <summary>Those of this page.</summary>
    public IReadOnlyList<TopicSample> Topics { get; }

    /// <summary>Number of this page, from 1.</summary>
    public int Page { get; }

    /// <summary>Number of pages, at least 1.</summary>
    public int Pages { get; }

    /// <summary>The query that sorts by a column, or the other way round if that is sorted by already.</summary>
    public string QueryOf(TopicOrder order) => QueryOf(order, order == Order && !IsReversed, 1);

    /// <summary>The query of another page of this view.</summary>
    public string QueryOf(int page) => QueryOf(Order, IsReversed, page);

    private string QueryOf(TopicOrder order, bool isReversed, int page) =>
        $"?sort={(isReversed ? "-" : "")}{order.Name}{(Filter.Length == 0 ? "" : $"&q={Uri.EscapeDataString(Filter)}")}{(page > 1 ? $"&page={page}" : "")}";
}
