using System.Diagnostics.Metrics;

namespace Broker.Grains.Metrics;

/// <summary>
/// All topics, or all channels, that are active here, for instruments that read their figures when somebody asks. Those that came when
/// the labels were used up are summed up under <see cref="Other"/>, and stay so for as long as they live, so that no sum ever shrinks.
/// </summary>
/// <typeparam name="T">What holds the figures. Its turns write them while others read.</typeparam>
public sealed class Census<T>
    where T : class
{
    /// <summary>The label of what has none of its own; no topic and no channel can have this name.</summary>
    public const string Other = "(other)";

    private readonly Lock _sync = new();
    private readonly LabelBudget _budget;
    private readonly string[] _labels;
    private readonly KeyValuePair<string, object?>[] _otherTags;
    private readonly List<Entry> _entries = [];
    private readonly List<Func<T, long>> _sums = [];
    private readonly List<long> _gone = [];

    /// <param name="budget">How many may have labels of their own.</param>
    /// <param name="labels">Names of the labels.</param>
    public Census(LabelBudget budget, params string[] labels)
    {
        _budget = budget;
        _labels = labels;
        _otherTags = TagsOf([.. labels.Select(static _ => Other)]);
    }

    /// <summary>A figure that only grows; it may be read under the number that this gives.</summary>
    public int Declare(Func<T, long> sum)
    {
        _sums.Add(sum);
        _gone.Add(0);
        return _sums.Count - 1;
    }

    /// <summary>A topic or a channel was activated.</summary>
    /// <param name="item">Its figures.</param>
    /// <param name="names">Values of the labels.</param>
    public Entry Add(T item, params string[] names)
    {
        Entry entry = new(item, _budget.TryTake() ? TagsOf(names) : null);
        lock (_sync)
            _entries.Add(entry);
        return entry;
    }

    /// <summary>It is gone.</summary>
    public void Remove(Entry entry)
    {
        lock (_sync)
        {
            if (!_entries.Remove(entry))
                return;
            _budget.Return(entry.Tags is not null);
            for (int i = 0; entry.Tags is null && i < _sums.Count; i++)
                _gone[i] += _sums[i](entry.Item);
        }
    }

    /// <summary>Reads a figure that was declared.</summary>
    public List<Measurement<long>> Read(int sum) => Read(_sums[sum], _gone[sum]);

    /// <summary>Reads figures that were declared, each with one more label.</summary>
    public List<Measurement<long>> Read(IReadOnlyList<int> sums, IReadOnlyList<KeyValuePair<string, object?>> labels)
    {
        List<Measurement<long>> all = [];
        for (int i = 0; i < sums.Count; i++)
        {
            foreach (Measurement<long> measurement in Read(sums[i]))
                all.Add(new Measurement<long>(measurement.Value, [.. measurement.Tags, labels[i]]));
        }

        return all;
    }

    /// <summary>Reads a figure that may fall.</summary>
    public List<Measurement<long>> Read(Func<T, long> figure) => Read(figure, gone: 0);

    /// <summary>
    /// Reads counts of buckets from the lowest to the highest, each added to those below it, with the bucket's label. What one topic or
    /// channel tells was read at one time.
    /// </summary>
    public List<Measurement<long>> ReadBuckets(IReadOnlyList<int> buckets, IReadOnlyList<KeyValuePair<string, object?>> labels, Func<T, bool> isKept)
    {
        List<Measurement<long>> all = [];
        long[] others = new long[buckets.Count];
        bool hasOthers = false;
        lock (_sync)
        {
            for (int i = 0; i < others.Length; i++)
                hasOthers |= (others[i] = _gone[buckets[i]]) > 0;
            foreach (Entry entry in _entries)
            {
                if (!isKept(entry.Item))
                    continue;
                hasOthers |= entry.Tags is null;
                long count = 0;
                for (int i = 0; i < buckets.Count; i++)
                {
                    long here = _sums[buckets[i]](entry.Item);
                    count += here;
                    if (entry.Tags is null)
                        others[i] += here;
                    else
                        all.Add(new Measurement<long>(count, [.. entry.Tags, labels[i]]));
                }
            }
        }

        long sum = 0;
        for (int i = 0; hasOthers && i < others.Length; i++)
            all.Add(new Measurement<long>(sum += others[i], [.. _otherTags, labels[i]]));
        return all;
    }

    private List<Measurement<long>> Read(Func<T, long> figure, long gone)
    {
        lock (_sync)
        {
            List<Measurement<long>> all = new(_entries.Count + 1);
            bool hasOthers = gone > 0;
            foreach (Entry entry in _entries)
            {
                long value = figure(entry.Item);
                if (entry.Tags is not null)
                {
                    all.Add(new Measurement<long>(value, entry.Tags));
                    continue;
                }

                gone += value;
                hasOthers = true;
            }

            if (hasOthers)
                all.Add(new Measurement<long>(gone, _otherTags));
            return all;
        }
    }

    private KeyValuePair<string, object?>[] TagsOf(string[] names) =>
        [.. names.Select((name, i) => new KeyValuePair<string, object?>(_labels[i], name))];

    /// <summary>A topic or a channel in the census.</summary>
    /// <param name="item">Its figures.</param>
    /// <param name="tags">Its labels; null when there were none left.</param>
    public sealed class Entry(T item, KeyValuePair<string, object?>[]? tags)
    {
        internal T Item => item;

        internal KeyValuePair<string, object?>[]? Tags => tags;
    }
}
